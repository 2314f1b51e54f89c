import { BlockZeroError, type ErrorCode, reasonOf } from "#shared/errors/error.js";
import { orAbort, withDeadline } from "#shared/util/deadline.js";
import { withSignals } from "#shared/util/join-signals.js";
import { printable } from "#shared/util/printable.js";

/** Milliseconds for an answer of a service, in addition to the time for the bytes sent or received. */
export const ANSWER_MS = 60_000;

/** How a store elsewhere is opened. */
export interface RemoteOptions {
  /** Longest wait for a service, in milliseconds; default: a minute. */
  readonly answerMs?: number | undefined;
  /**
   * Told why a service that is asked at opening does not answer: the store then opens, and asks again with each request. Opening throws
   * that where this is unset, and what the service refuses either way.
   */
  readonly onDown?: ((fault: BlockZeroError) => void) | undefined;
  /** Ends every request, and every wait for one, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A lower rate counts as no answer. */
const LEAST_BYTES_PER_MS = 4;

/** Sends a request to a service. `bytes` that are sent to it or received from it give it more time, negative ones less. */
export type Attempt = <T>(work: (signal: AbortSignal) => Promise<T>, bytes?: number) => Promise<T>;

/**
 * The stream of a service, with coded errors. All waits together may take the time of one answer plus the time for the received bytes, so a
 * service that sends slowly is too late, however regularly it sends. The reader's own time does not count.
 *
 * @param next the next piece, null after the last
 */
export async function* streamedPieces(
  attempt: Attempt,
  next: () => Promise<Uint8Array | null>,
): AsyncGenerator<Uint8Array> {
  let credit = 0;
  for (;;) {
    const asked = performance.now();
    const piece = await attempt(next, credit);
    if (piece === null) return;
    credit += piece.length - (performance.now() - asked) * LEAST_BYTES_PER_MS;
    yield piece;
  }
}

/**
 * Runs a request to a service with a time limit, and turns its errors into coded ones. A service may repeat what it was sent. So secrets
 * are removed from its text, and its own error, which may hold headers, is not kept as the cause.
 */
export const remoteAttempts = (
  name: string,
  secrets: readonly (string | undefined)[],
  answerMs = ANSWER_MS,
  fault: RemoteFault = STORE_FAULT,
): Attempt => {
  const redact = (text: string): string =>
    secrets.reduce<string>((rest, secret) => (secret ? rest.replaceAll(secret, "***") : rest), text);
  return async (work, bytes = 0) => {
    const milliseconds = answerMs + bytes / LEAST_BYTES_PER_MS;
    const late = () => new Error(`no answer within ${Math.ceil(milliseconds)} ms`);
    try {
      if (milliseconds <= 0) throw new Error("its bytes come too slowly");
      return await withDeadline(milliseconds, late, work);
    } catch (thrown) {
      if (thrown instanceof BlockZeroError) throw thrown;
      throw new BlockZeroError(fault.code, `${name}: ${shown(redact(reasons(thrown)))}`, fault.hint);
    }
  };
};

/** Attempts that are over when `over` aborts, too, with its reason. @param over unset: nothing else ends them */
export const attemptsUntil =
  (attempt: Attempt, over: AbortSignal | undefined): Attempt =>
  async (work, bytes) => {
    try {
      return await attempt((late) => withSignals([late, over], (signal) => orAbort(work(signal), signal)), bytes);
    } catch (thrown) {
      over?.throwIfAborted();
      throw thrown;
    }
  };

/** Causes that are told of a fault. */
const MOST_CAUSES = 3;

/** A fault with its causes: of itself `fetch` says no more than that it failed. */
const reasons = (thrown: unknown): string => {
  const told = [reasonOf(thrown)];
  let cause = causeOf(thrown);
  for (let depth = 0; depth < MOST_CAUSES && cause !== undefined; depth++) {
    const reason = cause instanceof Error && cause.message === "" ? "" : reasonOf(cause);
    if (reason !== "" && !told.some((known) => known.includes(reason))) told.push(reason);
    cause = causeOf(cause);
  }
  return told.join(": ");
};

/** Of several addresses that were tried the first one's. */
const causeOf = (thrown: unknown): unknown =>
  thrown instanceof AggregateError ? thrown.errors[0] : thrown instanceof Error ? thrown.cause : undefined;

/** How the faults of a service are coded. */
export interface RemoteFault {
  readonly code: ErrorCode;
  readonly hint: string;
}

const STORE_FAULT: RemoteFault = {
  code: "STORE_FAILED",
  hint: "check the store setting, its credentials in the environment, and the service",
};

/** A service's text for a terminal: without control characters, cut. */
const shown = (text: string): string => printable(text).slice(0, 500);

/** The variable's value. @throws BlockZeroError STORE_CREDENTIALS_MISSING */
export const credential = (env: Readonly<Record<string, string | undefined>>, name: string): string => {
  const value = env[name]?.trim();
  if (value) return value;
  throw new BlockZeroError(
    "STORE_CREDENTIALS_MISSING",
    `the store needs ${name}`,
    `put ${name} into the environment or .env, never into a configuration file`,
  );
};

/** The largest blob that a service gives in one piece, bytes: larger ones are read as streams. */
const MAX_WHOLE_BYTES = 1 << 30;

/** All of a service's pieces. @throws Error where they are more than `most`, or than is given in one piece */
export const wholeBlob = async (pieces: AsyncIterable<Uint8Array>, most = MAX_WHOLE_BYTES): Promise<Buffer> => {
  const limit = Math.min(most, MAX_WHOLE_BYTES);
  const whole: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > limit) throw new Error(`the blob is larger than ${limit} bytes`);
    whole.push(piece);
  }
  return Buffer.concat(whole);
};

/** The bytes of a remote blob, in pieces whose waits are bounded as those of `streamedPieces`. */
export async function* blobPieces(attempt: Attempt, blob: Blob): AsyncGenerator<Uint8Array> {
  const reader = blob.stream().getReader();
  try {
    yield* streamedPieces(attempt, async () => (await reader.read()).value ?? null);
  } finally {
    // It may never settle if the service does not answer.
    reader.cancel().catch(() => {});
  }
}
