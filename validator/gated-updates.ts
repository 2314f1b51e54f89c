import { isFetchFault } from "#shared/artifact/fetch-fault.js";
import type { GateFailure } from "#shared/artifact/gates.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/join.js";
import { MAX_DETAIL_CHARS } from "#shared/protocol/parsed.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import {
  type GateResult,
  type GateOptions as Gates,
  gateUpdate,
  type OpenGated,
  openGated,
} from "#shared/replay/gate-update.js";
import type { Submission } from "#shared/replay/submissions.js";

export interface GateOptions extends Gates {
  /** Aborts when there is no more time to wait for the miner's server. */
  readonly until?: AbortSignal;
}

type Gatherer = Pick<Participant, "chain" | "blobs" | "models" | "network" | "networkHash" | "signal">;

/** Fetches a submission's manifest and tensors and puts them through the gates; never throws for what the miner did. */
export const gateSubmission = (
  participant: Gatherer,
  submission: Submission,
  options: GateOptions,
): Promise<GateResult> =>
  blaming(participant, () => gateUpdate(cycleSource(participant, options.until), submission, options));

/** The same, for who goes on to read the update: closing the file is the caller's. */
export const openSubmission = (
  participant: Gatherer,
  submission: Submission,
  options: GateOptions,
): Promise<OpenGated | GateFailure> =>
  blaming(participant, () => openGated(cycleSource(participant, options.until), submission, options));

const blaming = async <T>({ signal }: Gatherer, gate: () => Promise<T>): Promise<T | GateFailure> => {
  try {
    return await gate();
  } catch (thrown) {
    signal.throwIfAborted();
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
  return { reason: isSlow || isFetchFault(thrown) ? "unreachable" : "validator_failed", detail };
};
