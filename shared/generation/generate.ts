import { createRandom } from "#shared/data/random.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Decoder } from "./decoder.js";
import { type Sampling, sampleToken } from "./sampling.js";

export interface GenerateOptions {
  /** Ids of the tokens that are continued: at least one. */
  readonly prompt: readonly number[];
  /** Tokens that are added at most. */
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** Divides a logit above 0, and multiplies one below, of each token that is in prompt or text already; unset: 1, which does nothing. */
  readonly repetitionPenalty?: number;
  readonly seed: string | number;
  /** Whether the tokenizer has an id: a model's vocabulary may have rows that stand for nothing, and these are never chosen. */
  readonly has: (id: number) => boolean;
  /** Ids that end the text; they are not given out. */
  readonly stop: ReadonlySet<number>;
  readonly signal?: AbortSignal;
}

/** Why no more tokens came. */
export type Finish = "stop" | "length";

/**
 * Adds tokens to a prompt, one after another. Same model, options and machine, same tokens.
 *
 * @returns why it ended: a stop token, or no more tokens allowed or positions left
 * @throws BlockZeroError PROMPT_INVALID, GENERATION_NOT_FINITE, and what the signal was aborted with
 */
export async function* generate(
  decoder: Decoder,
  { prompt, maxTokens, sampling, repetitionPenalty = 1, seed, has, stop, signal }: GenerateOptions,
): AsyncGenerator<number, Finish> {
  checkPrompt(prompt, decoder);
  const random = createRandom(`blockzero generation ${seed}`);
  const nothing = Uint32Array.from(Array.from({ length: decoder.vocabulary }, (_, id) => id).filter((id) => !has(id)));
  const written = new Set(prompt);
  let logits = await decoder.extend(prompt);
  for (let count = 0; count < maxTokens; ) {
    signal?.throwIfAborted();
    for (const id of nothing) logits[id] = Number.NEGATIVE_INFINITY;
    if (repetitionPenalty !== 1) penalise(logits, written, repetitionPenalty);
    const token = sampleToken(logits, sampling, random);
    if (stop.has(token)) return "stop";
    yield token;
    written.add(token);
    count++;
    if (decoder.length === decoder.maxLength) break;
    if (count < maxTokens) logits = await decoder.extend([token]);
  }
  return "length";
}

/** As transformers' `RepetitionPenaltyLogitsProcessor`, in float32 and before all else (Keskar et al., arXiv 1909.05858, section 4.1). */
const penalise = (logits: Float32Array, written: ReadonlySet<number>, given: number): void => {
  const penalty = Math.fround(given);
  for (const id of written) {
    const logit = logits[id]!;
    logits[id] = logit < 0 ? logit * penalty : logit / penalty;
  }
};

const checkPrompt = (prompt: readonly number[], { length, maxLength, vocabulary }: Decoder): void => {
  const fail = (problem: string, hint: string) => new BlockZeroError("PROMPT_INVALID", problem, hint);
  if (prompt.length === 0) throw fail("the prompt has no token", "give at least one character");
  if (length + prompt.length > maxLength)
    throw fail(
      `the prompt has ${prompt.length} tokens, the model takes ${maxLength - length}`,
      "shorten it, or take a model of longer sequences",
    );
  const unknown = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
  if (unknown !== undefined)
    throw fail(
      `the prompt holds token ${unknown}, the model knows 0 to ${vocabulary - 1}`,
      "use the tokenizer that the model was trained with",
    );
};
