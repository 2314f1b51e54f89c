import { withDeadline } from "#shared/util/deadline.js";
import { joinSignals } from "#shared/util/join-signals.js";
import { bodyBytes } from "./body-bytes.js";
import { followingFetch, type Reach } from "./following-fetch.js";
import { NO_BODY } from "./public-request.js";

/** What one request of the Hub's API may take, and whom it may reach. */
export interface FetchBounds extends Reach {
  /** Milliseconds for an answer, beside those for the bytes that are sent. */
  readonly answerMs: number;
  /** Goes to the Hub's own origin only. */
  readonly token: string | undefined;
  /** Ends every request. */
  readonly signal?: AbortSignal | undefined;
}

/** Largest answer of the API in bytes: a page of a file list has some hundred kilobytes. */
const MAX_ANSWER_BYTES = 32 << 20;
/** An upload that is slower than this is as good as none: 16 kB a second. */
const LEAST_UPLOAD_BYTES_PER_MS = 16;

/**
 * `fetch` that reads whole answers, each with a deadline and a limit of its own. What fails leaves no connection: Node's keeps that of an answer
 * which it refuses by itself, as one of status 407.
 */
export const boundedFetch =
  (bounds: FetchBounds): typeof fetch =>
  (input, init = {}) => {
    const milliseconds = bounds.answerMs + bodyBytes(init.body) / LEAST_UPLOAD_BYTES_PER_MS;
    return withDeadline(milliseconds, late(milliseconds), async (over) => {
      const ended = new AbortController();
      const release = joinSignals(ended, over, init.signal, bounds.signal);
      const answer = await wholeAnswer(await guarded(input, { ...init, signal: ended.signal }, bounds));
      release();
      return answer;
    });
  };

/**
 * `fetch` for downloads: its deadline is for the head of an answer, whose body is left to the reader until `over` aborts. What refuses the download
 * is read whole.
 */
export const headBoundedFetch =
  (bounds: FetchBounds, over: AbortSignal): typeof fetch =>
  (input, init = {}) => {
    const ended = new AbortController();
    joinSignals(ended, over, init.signal, bounds.signal);
    const { signal } = ended;
    return withDeadline(bounds.answerMs, late(bounds.answerMs), async () => {
      const response = await guarded(input, { ...init, signal }, bounds);
      return response.ok ? response : wholeAnswer(response);
    });
  };

const late = (milliseconds: number) => () => new Error(`no answer within ${Math.ceil(milliseconds)} ms`);

/** An answer may send its client anywhere: the token stays at home. */
const guarded = (input: string | URL | Request, init: RequestInit, bounds: FetchBounds): Promise<Response> => {
  const { token, origin } = bounds;
  if (input instanceof Request) throw new TypeError("a request is given by its address");
  const headers = new Headers(init.headers);
  if (new URL(input).origin !== origin && token !== undefined && headers.get("authorization")?.includes(token))
    headers.delete("authorization");
  return followingFetch(input, { ...init, headers }, bounds);
};

/** The answer with its body in memory. @throws Error where that is too large */
const wholeAnswer = async (response: Response): Promise<Response> => {
  const { status, statusText, headers } = response;
  const body = await readAtMost(response, MAX_ANSWER_BYTES);
  return new Response(NO_BODY.has(status) ? null : body, { status, statusText, headers });
};

const readAtMost = async (response: Response, most: number): Promise<Blob> => {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > most) throw new Error(`its answer is larger than ${most} bytes`);
    pieces.push(piece);
  }
  return new Blob(pieces);
};
