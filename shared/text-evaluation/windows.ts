import type { ScoreRequest } from "./scorer.js";

export interface WindowOptions {
  /** Longest input in tokens. */
  readonly window: number;
  /** Tokens that a window predicts at most: the others of it are context. */
  readonly stride: number;
  /** The token before the first. */
  readonly prefix: number;
}

/**
 * Requests that predict every token once, in order, each with at least `window − stride` tokens before it where there are so many: the rolling
 * log-likelihood of lm-eval (`get_rolling_token_windows`), whose `context_len` is `window − stride + 1`. The last window reaches back as far as it
 * can.
 */
export const rollingWindows = (
  ids: Uint32Array,
  { window, stride, prefix }: WindowOptions,
): readonly ScoreRequest[] => {
  const all = new Uint32Array(ids.length + 1);
  all[0] = prefix;
  all.set(ids, 1);
  const requests: ScoreRequest[] = [];
  for (let done = 0; done < ids.length; ) {
    const end = done + Math.min(done === 0 ? window : stride, ids.length - done);
    const start = Math.max(0, end - window);
    requests.push({ ids: all.subarray(start, end + 1), from: done + 1 - start });
    done = end;
  }
  return requests;
};
