import type { ErrorEntries } from "./entry.js";

export const inspectionErrors = {
  PROOF_INVALID: {
    meaning: "A file is no proof of a Sprint of this subnet.",
    remedy: "Take a proof as its miner serves it, and look at its subnet.",
  },
  ARTIFACT_UNKNOWN: { meaning: "No artifact is found by this name.", remedy: "Name a cycle, a file or a hash." },
  CYCLE_UNKNOWN: {
    meaning: "The cycle is not over, or is older than the subnet.",
    remedy: "Name one that the line lists.",
  },
  HISTORY_GONE: {
    meaning: "Nothing is left to read of these cycles.",
    remedy: "Name newer ones, or an archive node with `--chain`.",
  },
  HISTORY_MISSING: {
    meaning: "The folder holds nothing of the miner's cycles.",
    remedy: "Let it run for a cycle, or name its `checkpoint_dir`.",
  },
  HOME_MISSING: {
    meaning: "There is no localnet in the folder.",
    remedy: "Run `blockzero localnet`, or give `--home`, or `--chain` and `--netuid`.",
  },
  HOME_WITHOUT_BLOBS: {
    meaning: "The home has no folder of blobs.",
    remedy: "Name a localnet's home, or a participant's `checkpoint_dir`.",
  },
  HOME_WITHOUT_CHAIN: {
    meaning: "The home is not that of a localnet on a devchain.",
    remedy: "Name one with `--home`, or the chain with `--chain` and `--netuid`.",
  },
  NOT_AUDITABLE: {
    meaning: "Something that the audit needs cannot be had.",
    remedy: "Audit sooner, or where it is kept.",
  },
  RECEIPT_INVALID: { meaning: "A receipt cannot be read, or is contradictory.", remedy: "Trust nothing that it says." },
  RECEIPT_VERSION: {
    meaning: "A receipt is of a version that this program does not check.",
    remedy: "Check it with the version of BlockZero that wrote it.",
  },
  SCENARIO_INVALID: {
    meaning: "A field of the reward scenario is wrong.",
    remedy: "Compare with `blockzero rewards simulate --print-scenario`.",
  },
  SCENARIO_MALFORMED: { meaning: "The scenario is no readable YAML.", remedy: "Correct the named line." },
  SCENARIO_MISSING: { meaning: "The scenario cannot be read.", remedy: "Check the path." },
  SWEEP_INVALID: {
    meaning: "`--sweep` names no setting, or a value that it cannot take.",
    remedy: "Write e.g. `--sweep curve.exponent=1,2,3`.",
  },
  TENSORS_MISSING: {
    meaning: "A manifest's tensors are not beside it.",
    remedy: "Leave the manifest in the folder of blobs that it was written to.",
  },
  UID_UNKNOWN: { meaning: "Nobody had this uid in that cycle.", remedy: "Name one that the line lists." },
} as const satisfies ErrorEntries;
