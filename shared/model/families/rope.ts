import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { RopeScaling } from "#shared/protocol/network-file/rope-scaling.js";

/** What a rotary embedding turns with. */
export interface RotaryFrequencies {
  /** Radians a position, of each pair: [width / 2]. */
  readonly frequencies: readonly number[];
  /** Factor on cos and sin. */
  readonly magnitude: number;
}

/**
 * The frequencies of a model's rotary embedding, as `modeling_rope_utils.py` of transformers computes them.
 *
 * @param length tokens of a sequence: more of them than the model was made for change those of `dynamic` alone
 */
export const rotaryFrequencies = (config: ModelConfig, length: number): RotaryFrequencies => {
  const { rope_theta: theta, head_dim: width, rope_scaling: scaling } = config;
  const plain = (base: number) => Array.from({ length: width / 2 }, (_, i) => base ** ((-2 * i) / width));
  const unscaled = { frequencies: plain(theta), magnitude: 1 };
  switch (scaling?.rope_type) {
    case undefined:
      return unscaled;
    case "linear":
      return { ...unscaled, frequencies: plain(theta).map((frequency) => frequency / scaling.factor) };
    case "dynamic": {
      const { factor } = scaling;
      const stretch = (factor * Math.max(length, config.max_position_embeddings)) / config.max_position_embeddings;
      return { ...unscaled, frequencies: plain(theta * (stretch - (factor - 1)) ** (width / (width - 2))) };
    }
    case "llama3":
      return { ...unscaled, frequencies: plain(theta).map((frequency) => llama3(frequency, scaling)) };
    case "yarn":
      return { frequencies: yarn(plain(theta), config, scaling), magnitude: magnitudeOf(scaling) };
  }
};

type Of<T extends RopeScaling["rope_type"]> = Extract<RopeScaling, { rope_type: T }>;

/** Llama 3.1: long waves are stretched, short ones are not, those between in part. */
const llama3 = (frequency: number, scaling: Of<"llama3">): number => {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: length } = scaling;
  const turns = (length * frequency) / (2 * Math.PI);
  if (turns < low) return frequency / factor;
  if (turns > high) return frequency;
  const share = (turns - low) / (high - low);
  return ((1 - share) * frequency) / factor + share * frequency;
};

/** YaRN (arXiv 2309.00071): pairs that turn less than `beta_slow` times in the original length are stretched, more than `beta_fast` are not. */
const yarn = (plain: readonly number[], config: ModelConfig, scaling: Of<"yarn">): readonly number[] => {
  const { factor, beta_fast = 32, beta_slow = 1, truncate = true } = scaling;
  const width = 2 * plain.length;
  const length = scaling.original_max_position_embeddings ?? config.max_position_embeddings;
  const pairThatTurns = (turns: number) =>
    (width * Math.log(length / (turns * 2 * Math.PI))) / (2 * Math.log(config.rope_theta));
  const whole = (round: (pair: number) => number, pair: number) => (truncate ? round(pair) : pair);
  const first = Math.max(whole(Math.floor, pairThatTurns(beta_fast)), 0);
  const last = Math.min(whole(Math.ceil, pairThatTurns(beta_slow)), width - 1);
  return plain.map((frequency, pair) => {
    const stretched = Math.min(Math.max((pair - first) / (last === first ? 0.001 : last - first), 0), 1);
    return (frequency / factor) * stretched + frequency * (1 - stretched);
  });
};

const magnitudeOf = ({ factor, attention_factor, mscale, mscale_all_dim }: Of<"yarn">): number => {
  if (attention_factor !== undefined) return attention_factor;
  if (mscale && mscale_all_dim) return yarnMagnitude(factor, mscale) / yarnMagnitude(factor, mscale_all_dim);
  return yarnMagnitude(factor, 1);
};

/** YaRN's 0.1 · m · ln(factor) + 1. */
export const yarnMagnitude = (factor: number, m: number): number => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);
