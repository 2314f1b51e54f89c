import type { ErrorEntries } from "./entry.js";

export const localChainErrors = {
  BEACON_MISSING: { meaning: "The devchain has no beacon.", remedy: "Give its genesis a `drand`." },
  BLOCK_INVALID: {
    meaning: "A block of the devchain's log breaks the chain's rules.",
    remedy: "Restore the log from a backup: it was altered or damaged.",
  },
  CHAIN_LOG_CORRUPT: {
    meaning: "A line of the devchain's log is not a block.",
    remedy: "Restore the home from a backup, or start a new chain elsewhere.",
  },
  CHAIN_LOG_WRITE: { meaning: "The devchain's log cannot be written.", remedy: "Check the disk's free space." },
  CHILD_FAILED: {
    meaning: "A program of the localnet cannot run.",
    remedy: "Read the log that the line names.",
  },
  CHOPSTICKS_MISSING: {
    meaning: "The package that executes the runtime is not installed.",
    remedy: "Install it as the line says.",
  },
  GENESIS_INVALID: {
    meaning: "The genesis file of a local chain cannot be used.",
    remedy: "Correct it, or leave it out; see [chain.md](chain.md).",
  },
  GENESIS_MISMATCH: {
    meaning: "The home holds a chain of another genesis.",
    remedy: "Use the genesis that the home was made with, or another home.",
  },
  HOME_NOT_EMPTY: {
    meaning: "The folder holds files that no localnet made.",
    remedy: "Choose an empty or new folder with `--home`.",
  },
  LOCALNET_UNSEALABLE: {
    meaning: "`--sealed` cannot work with the given network or block time.",
    remedy: "Leave `--sealed` out, or use the localnet's own network.",
  },
  RUNTIME_NEEDED: {
    meaning: "`--chain subtensor` and `--runtime` are not given together.",
    remedy: "Give both, or neither.",
  },
  RUNTIME_NOT_FOUND: { meaning: "The runtime file cannot be read.", remedy: "Check the path." },
  RUNTIME_UNUSABLE: {
    meaning: "The runtime does not run.",
    remedy: "Give the WASM of a subtensor release or build.",
  },
  SUDO_REFUSED: {
    meaning: "The chain's sudo key is not the development key.",
    remedy: "Use a devchain that was started without `--genesis`.",
  },
  WEIGHTS_MODE_UNAVAILABLE: {
    meaning: "A subtensor runtime that has timelocks takes no hashes of weights while a beacon is there.",
    remedy: "Give `--weights timelock`, or use the devchain.",
  },
} as const satisfies ErrorEntries;
