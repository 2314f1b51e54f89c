import type { ErrorEntries } from "./entry.js";

export const subnetErrors = {
  GENESIS_EXISTS: { meaning: "The network file exists already.", remedy: "Choose another `--out`." },
  GENESIS_INCOMPLETE: {
    meaning: "The directory lacks a file of the genesis model or of the texts.",
    remedy: "Use it as `blockzero genesis` wrote it.",
  },
  HOTKEY_TAKEN: {
    meaning: "The hotkey belongs to another coldkey.",
    remedy: "Use that coldkey, or another hotkey.",
  },
  NETUID_MISMATCH: {
    meaning: "The network template is for another subnet.",
    remedy: "Correct `--netuid` or the template.",
  },
  NETWORK_RATE_LIMIT: {
    meaning: "The chain takes no new subnet yet.",
    remedy: "Try again at the block that the line names.",
  },
  NOT_ENOUGH_BALANCE: { meaning: "The coldkey cannot pay.", remedy: "Send the rest to it, then try again." },
  NOT_SUBNET_OWNER: {
    meaning: "The wallet is not the subnet owner's.",
    remedy: "Name the owner's with `--wallet.name` and `--wallet.hotkey`.",
  },
  REGISTRATION_CLOSED: {
    meaning: "The subnet takes no registrations.",
    remedy: "Ask its owner, or wait: `blockzero chain status` says when.",
  },
  STAKE_TOO_LOW: { meaning: "The chain takes no stake so low.", remedy: "Stake more." },
  START_TOO_EARLY: {
    meaning: "The subnet may not be started yet.",
    remedy: "Try again at the block that the line names.",
  },
  SUBNET_EXISTS: {
    meaning: "The subnet exists and is another owner's.",
    remedy: "Choose another `--netuid`, or use its owner's wallet.",
  },
  SUBNET_NOT_STARTED: {
    meaning: "The subnet takes no stake before its start.",
    remedy: "Register without `--stake`, and stake after `blockzero subnet start`.",
  },
} as const satisfies ErrorEntries;
