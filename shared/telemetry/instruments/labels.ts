import { CHECK_REASONS, CHECK_VERDICTS } from "#shared/protocol/checks.js";
import { PHASES } from "#shared/protocol/phases.js";
import { REASON_CODES, VERDICTS } from "#shared/protocol/verdict.js";

/** Values that are not known in advance: at most so many different ones, further ones are counted as `other`. */
export interface OpenValues {
  readonly atMost: number;
}

/** What a label may say. Nothing else ever becomes a label, so that the number of series is bounded. */
export type LabelValues = readonly string[] | OpenValues;

/** What stands for a value that is not allowed. */
export const OTHER = "other";

export { CHECK_VERDICTS, PHASES, VERDICTS };

/** Why a proof was not valid; `none` where it was. */
export const CHECKED = ["none", ...CHECK_REASONS] as const;

/** Why an update was not scored; `none` where it was. */
export const REASONS = ["none", ...REASON_CODES] as const;

/** What a participant does in a cycle, within a limit of blocks. */
export const DUTIES = [
  "cycle",
  "update",
  "score",
  "recall",
  "catch_up",
  "reference",
  "witness",
  "report",
  "exchange",
  "tally",
  "ballot",
  "late_tally",
  "weights",
  "merge",
  "sprint",
  "checks",
  "checksheld",
  "settle",
  "duty",
  "answers",
  "close",
  "seal",
  "sealheld",
  "deal",
  "partial",
  "pulse",
  "open",
] as const;
export type Duty = (typeof DUTIES)[number];

/** How a duty ended. `overdue`: its last block came first. `stopped`: the program was stopped. */
export const DUTY_OUTCOMES = ["done", "failed", "overdue", "stopped"] as const;

/** Records that must be on chain within a window, and weights. */
export const RECORDS = [
  "commit",
  "reveal",
  "report",
  "held",
  "ballot",
  "model",
  "enter",
  "sprint",
  "prefix",
  "checks",
  "checksheld",
  "duty",
  "answers",
  "seal",
  "sealheld",
  "deal",
  "group",
  "partial",
  "pulse",
  "weights",
] as const;
export type RecordLabel = (typeof RECORDS)[number];

/** Whom files come from and go to. */
export const PEERS = ["validator", "miner", "owner", OTHER] as const;
export type PeerClass = (typeof PEERS)[number];

/** Why a request to the blob server was refused. */
export const REFUSALS = [
  "too_many",
  "unauthorized",
  "busy",
  "missing",
  "method",
  "body",
  "range",
  "connections",
  "failed",
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** How a fetch of a blob ended: the error's code without `FETCH_`. */
export const FETCH_OUTCOMES = [
  "received",
  "not_found",
  "timeout",
  "busy",
  "unauthorized",
  "refused_address",
  "too_large",
  "hash_mismatch",
  "failed",
] as const;

/** Extrinsics that a participant sends. */
export const CALLS = [
  "setCommitment",
  "setWeights",
  "commitWeights",
  "revealWeights",
  "commitTimelockedWeights",
  "serveAxon",
  "burnedRegister",
  "addStake",
] as const;

/**
 * How a write to the chain ended. `key_in_use`: another program of this machine wrote with the key. `nonce_taken` is counted besides: another writer
 * used the nonce of one of ours first, which was then signed anew; writers that never meet in a block do not show.
 */
export const WRITE_OUTCOMES = ["included", "rejected", "key_in_use", "nonce_taken", "unreachable", "failed"] as const;

/** What a training step holds in memory. */
export const MEMORY_PARTS = [
  "frozen",
  "trained",
  "moments",
  "gradients",
  "gradient_sums",
  "spare",
  "activations",
  "runtime",
] as const;

/** What the time of an evaluation went to. */
export const EVALUATION_PARTS = ["fetch", "wait", "measure"] as const;

/** What a miner's Sprint is doing. `resting`: between two computations, so that its share of the device is not exceeded. */
export const SPRINT_STATES = ["idle", "entered", "loading", "searching", "resting", "proven"] as const;

/** What the time of a Sprint goes to: a miner's loading, searching and resting, a validator's checking. */
export const SPRINT_PARTS = ["load", "search", "rest", "check"] as const;

/** What became of members' duty: a miner counts what it abstained from, a validator what was missed. */
export const DUTY_STATES = ["done", "abstained", "missed"] as const;

/** What a value of the beacon was made from. */
export const BEACON_ORIGINS = ["contributions", "group", "pulse", "blocks"] as const;

/** Why a training step was not taken. */
export const SKIPS = ["spike", "not_finite"] as const;

/** Uids of a subnet: subtensor has at most 256. */
export const UIDS: OpenValues = { atMost: 1024 };
/** Expert groups of a network file. */
export const GROUPS: OpenValues = { atMost: 64 };
/** Endpoints of a setting. */
export const ENDPOINTS: OpenValues = { atMost: 16 };
export const VERSIONS: OpenValues = { atMost: 1 };
