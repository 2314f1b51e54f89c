import { createRandom } from "#shared/data/random.js";
import { type IntTensor, intTensor } from "#shared/engine/tensor.js";
import { shardOf } from "#shared/model/groups.js";
import { initialParameters } from "#shared/model/init.js";
import { expertOf, type Parameters } from "#shared/model/parameters.js";
import type { StepCase } from "./cases.js";

/** What every contestant of a case starts from. */
export interface Material {
  readonly weights: Parameters;
  readonly batches: readonly { readonly ids: IntTensor; readonly targets: IntTensor }[];
}

/** Fresh weights of the case's shard, and batches of a noisy sequence that a model can learn. */
export const materialOf = ({ config, held, batchSize, sequenceLength }: StepCase, batchCount: number): Material => {
  const whole = initialParameters(config, createRandom("bench/weights"));
  const isHeld = (name: string) => {
    const place = expertOf(name);
    return place !== null && held[place.layer]!.includes(place.expert);
  };
  const experts = Object.fromEntries(Object.entries(whole).filter(([name]) => isHeld(name)));
  const random = createRandom("bench/batches");
  const tokens = batchSize * sequenceLength;
  const batches = Array.from({ length: batchCount }, () => {
    const ids = new BigInt64Array(tokens);
    const targets = new BigInt64Array(tokens);
    for (let row = 0; row < batchSize; row++) {
      let token = random.below(config.vocab_size);
      for (let i = row * sequenceLength; i < (row + 1) * sequenceLength; i++) {
        ids[i] = BigInt(token);
        token = random.below(4) === 0 ? random.below(config.vocab_size) : (token * 5 + 17) % config.vocab_size;
        targets[i] = BigInt(token);
      }
    }
    return { ids: intTensor(ids), targets: intTensor(targets) };
  });
  return { weights: shardOf(whole, experts, held), batches };
};
