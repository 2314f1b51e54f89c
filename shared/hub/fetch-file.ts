import { headBoundedFetch } from "#shared/blobs/bounded-fetch.js";
import { ANSWER_MS, attemptsUntil, remoteAttempts, streamedPieces } from "#shared/blobs/remote-fault.js";

export interface FetchFileOptions {
  readonly maxBytes: number;
  /** Whether the server may send its client to loopback and private networks. */
  readonly allowPrivateAddresses: boolean;
  /** Milliseconds for the head of the answer; the bytes that come give it more. */
  readonly answerMs?: number | undefined;
  /** Ends every wait, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A small file behind a URL of http or https that the operator gave.
 *
 * @throws BlockZeroError FETCH_REFUSED_ADDRESS where it redirects to no public address; CHECKPOINT_NOT_FOUND for every other fault: another
 *         status, too many redirects, an answer that is late, slow or larger
 */
export const fetchFile = async (
  url: URL,
  { maxBytes, allowPrivateAddresses, answerMs = ANSWER_MS, signal }: FetchFileOptions,
): Promise<Uint8Array> => {
  const answered = remoteAttempts(`${url.origin}${url.pathname}`, [], answerMs, {
    code: "CHECKPOINT_NOT_FOUND",
    hint: "check the address and the connection; of the Hub name hf://owner/name@revision",
  });
  const attempt = attemptsUntil(answered, signal);
  const over = new AbortController();
  try {
    const bounds = { answerMs, token: undefined, origin: url.origin, allowPrivateAddresses };
    const fetch = headBoundedFetch(bounds, over.signal);
    const response = await attempt(async () => {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`it answers with status ${answer.status}`);
      return answer;
    });
    const reader = response.body?.getReader();
    const pieces: Uint8Array[] = [];
    let left = maxBytes;
    for await (const piece of streamedPieces(attempt, async () => (await reader?.read())?.value ?? null)) {
      left -= piece.length;
      if (left < 0) await attempt(() => Promise.reject(new Error(`its answer is larger than ${maxBytes} bytes`)));
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } finally {
    over.abort();
  }
};
