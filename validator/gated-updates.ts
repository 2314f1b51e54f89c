import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/join.js";
import { MAX_DETAIL_CHARS } from "#shared/protocol/parsed.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import { type GateBase, type GateResult, gateUpdate } from "#shared/replay/gate-update.js";
import type { Submission } from "#shared/replay/submissions.js";

export interface GateOptions {
  /** The agreed model that the update must have been trained from. */
  readonly base: GateBase;
  readonly cycle: number;
  /** Aborts when there is no more time to wait for the miner's server. */
  readonly until?: AbortSignal;
}

/** Fetches a submission's manifest and tensors and puts them through the gates; never throws for what the miner did. */
export const gateSubmission = async (
  participant: Pick<Participant, "chain" | "blobs" | "models" | "network" | "networkHash" | "signal">,
  submission: Submission,
  { base, cycle, until }: GateOptions,
): Promise<GateResult> => {
  try {
    return await gateUpdate(cycleSource(participant, until), submission, { base, cycle });
  } catch (thrown) {
    participant.signal.throwIfAborted();
    return { ok: false, ...fetchFailure(thrown) };
  }
};

/** What a failed fetch says: the server's lie or silence is the miner's, everything else our own failure. */
const fetchFailure = (thrown: unknown): { reason: ReasonCode; detail: string } => {
  const code = thrown instanceof BlockZeroError ? thrown.code : "";
  const isSlow = thrown instanceof Error && thrown.name === "AbortError";
  const detail = isSlow ? "it did not answer in time" : reasonOf(thrown).slice(0, MAX_DETAIL_CHARS);
  if (code === "FETCH_HASH_MISMATCH") return { reason: "hash_mismatch", detail };
  if (code === "FETCH_TOO_LARGE") return { reason: "too_large", detail };
  return { reason: isSlow || code.startsWith("FETCH_") ? "unreachable" : "validator_failed", detail };
};
