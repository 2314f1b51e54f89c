import type { GateFailure } from "#shared/artifact/gates.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import { type Patience, readUntilWhole } from "#shared/participant/at-every-block.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { MAX_DETAIL_CHARS } from "#shared/protocol/parsed.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import {
  type GateOptions,
  type GateResult,
  gateSubmission,
  type OpenGated,
  openSubmission,
} from "#shared/replay/gate-submission.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Submission } from "#shared/replay/submissions.js";

export interface BlameOptions extends GateOptions {
  /** Aborts when there is no time left to wait for the miner's server. */
  readonly until?: AbortSignal;
  /** Changes where files come from. Unset: the cycle's source as it is. */
  readonly change?: (source: CycleSource) => CycleSource;
  /** Whether a majority scored the update. If so, all participants are asked for it. */
  readonly isHeld?: boolean;
  /** Whether only validators and the owner are asked for it. */
  readonly isHandedOn?: boolean;
}

/** A gate's failure, and what it says of this validator's own network. */
export interface BlamedFailure extends GateFailure {
  /**
   * Whether another server sent what did not pass. False where it was here already, or where nothing had to be asked
   * for.
   */
  readonly isFetched: boolean;
}

export type BlamedResult = Exclude<GateResult, GateFailure> | BlamedFailure;

type Gatherer = Pick<Participant, "chain" | "blobs" | "models" | "network" | "networkHash" | "signal">;

/**
 * Fetches and gates a submission. A fault of the miner is its result; a fault that may be this validator's is
 * "validator_failed". Throws only on an abort.
 */
export const gateWithBlame = (
  participant: Gatherer,
  submission: Submission,
  options: BlameOptions,
): Promise<BlamedResult> => blaming(participant, options, (source) => gateSubmission(source, submission, options));

/** The same for a caller that then reads the update. The caller closes the file. */
const openWithBlame = (
  participant: Gatherer,
  submission: Submission,
  options: BlameOptions,
): Promise<OpenGated | BlamedFailure> =>
  blaming(participant, options, (source) => openSubmission(source, submission, options));

/**
 * Whether what failed so may be had at the next block: a server was busy, or this validator's chain or disk did not
 * answer.
 */
export const mayStillCome = (result: { readonly ok: true } | Pick<GateFailure, "ok" | "reason">): boolean =>
  !result.ok && (result.reason === "unreachable" || result.reason === "validator_failed");

/**
 * `openWithBlame`, at every block until the update is here or is refused for what it is, or the wait is over. That it
 * has to be waited for is told once.
 */
export const openAtEveryBlock = async (
  participant: Gatherer & Pick<Participant, "clock" | "log">,
  submission: Submission,
  { until, deadline, ...options }: BlameOptions & Patience,
): Promise<OpenGated | BlamedFailure> => {
  const { clock, log } = participant;
  let isTold = false;
  const { result } = await readUntilWhole(participant, { until, deadline }, async () => {
    const opened = await openWithBlame(participant, submission, { ...options, until });
    const isWhole = !mayStillCome(opened);
    if (!opened.ok && !isWhole && !isTold && clock.head.number < deadline - 1) {
      const { reason, detail } = opened;
      log.warn("update not here: once more at the next block", {
        ...{ cycle: options.cycle, uid: submission.uid, reason, detail },
      });
      isTold = true;
    }
    return { result: opened, isWhole };
  });
  return result;
};

const blaming = async <T extends { readonly ok: true }>(
  gatherer: Gatherer,
  { until, isHeld, isHandedOn, change = (source) => source }: BlameOptions,
  gate: (source: CycleSource) => Promise<T | GateFailure>,
): Promise<T | BlamedFailure> => {
  let isAsked = false;
  let isFetched = false;
  const onAsked = () => {
    isAsked = true;
  };
  /** A server that was asked for the manifest was not necessarily asked for the tensors. */
  const anew = <A, R>(get: (file: A) => Promise<R>) => {
    return async (file: A): Promise<R> => {
      isAsked = false;
      const got = await get(file);
      isFetched ||= isAsked;
      return got;
    };
  };
  const source = cycleSource(gatherer, { until, onAsked, isHeld, isHandedOn });
  try {
    const result = await gate(change({ ...source, fetch: anew(source.fetch), open: anew(source.open) }));
    return result.ok ? result : { ...result, isFetched };
  } catch (thrown) {
    gatherer.signal.throwIfAborted();
    return { ok: false, ...fetchFailure(thrown, isAsked), isFetched };
  }
};

/**
 * The result of a failed fetch. It never blames the artifact, because wrong bytes are a fault of the server that sent
 * them.
 */
const fetchFailure = (thrown: unknown, isAsked: boolean): { reason: ReasonCode; detail: string } => {
  const isSlow = thrown instanceof Error && thrown.name === "AbortError";
  if (isSlow && !isAsked) return { reason: "validator_failed", detail: "there was no time left to fetch the artifact" };
  const detail = isSlow ? "it did not answer in time" : reasonOf(thrown).slice(0, MAX_DETAIL_CHARS);
  return { reason: isSlow || isFetchFault(thrown) ? "unreachable" : "validator_failed", detail };
};
