import type { Random } from "#shared/data/random.js";
import { BlockZeroError } from "#shared/errors/error.js";

/** How the next token is chosen, in transformers' terms and order: temperature, then top-k, then top-p. */
export interface Sampling {
  /** Divides the logits; 0 takes the likeliest token always. */
  readonly temperature: number;
  /** Only so many of the likeliest tokens; null for all. */
  readonly topK: number | null;
  /** Only the likeliest tokens that together have this probability; 1 for all. */
  readonly topP: number;
}

export const GREEDY: Sampling = { temperature: 0, topK: null, topP: 1 };

/**
 * The id of the next token. Same logits, settings and state of the generator, same token.
 *
 * @param logits [vocabulary]
 * @throws BlockZeroError GENERATION_NOT_FINITE
 */
export const sampleToken = (logits: Float32Array, { temperature, topK, topP }: Sampling, random: Random): number => {
  const best = argmax(logits);
  if (temperature === 0) return best;
  const peak = logits[best]!;
  const kept = topK === null ? logits.length : Math.min(topK, logits.length);
  const descending = kept < logits.length || topP < 1 ? logits.slice().sort().reverse() : null;
  const count = descending === null ? kept : withinTopP(descending.subarray(0, kept), { peak, temperature, topP });
  const floor = descending === null ? Number.NEGATIVE_INFINITY : descending[count - 1]!;

  const chosen: number[] = [];
  let ties = descending === null ? 0 : count - above(descending, floor);
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (logit > floor || descending === null) chosen.push(id);
    else if (logit === floor && ties-- > 0) chosen.push(id);
  }
  const weights = chosen.map((id) => Math.exp((logits[id]! - peak) / temperature));
  let left = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [place, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return chosen[place]!;
  }
  return best;
};

/** The lowest id of the largest logit. */
const argmax = (logits: Float32Array): number => {
  let best = 0;
  for (let id = 0; id < logits.length; id++) {
    if (Number.isNaN(logits[id]!)) throw notFinite();
    if (logits[id]! > logits[best]!) best = id;
  }
  if (!Number.isFinite(logits[best]!)) throw notFinite();
  return best;
};

/** How many of the largest logits reach the probability together: at least one. */
const withinTopP = (
  descending: Float32Array,
  { peak, temperature, topP }: { readonly peak: number; readonly temperature: number; readonly topP: number },
): number => {
  if (topP === 1) return descending.length;
  const weights = Array.from(descending, (logit) => Math.exp((logit - peak) / temperature));
  const enough = topP * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  for (const [place, weight] of weights.entries()) {
    sum += weight;
    if (sum >= enough) return place + 1;
  }
  return descending.length;
};

/** How many are above a value that the array holds. */
const above = (descending: Float32Array, value: number): number => descending.indexOf(value);

const notFinite = () =>
  new BlockZeroError(
    "GENERATION_NOT_FINITE",
    "the model gives logits that are no numbers",
    "its weights are damaged or overflow: take another model",
  );
