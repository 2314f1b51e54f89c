import { createRandom } from "#shared/data/random.js";
import type { PackManifest, ShardRef } from "#shared/protocol/pack-manifest.js";

/**
 * The training shards that one participant draws from for a while, in the pack's order: all of them where they are few, else so many, chosen by the
 * seed, each as likely as any. A pack is shuffled, so that a few shards are a sample of all.
 */
export const chooseShards = (
  { training }: Pick<PackManifest, "training">,
  { seed, most }: { readonly seed: string; readonly most: number },
): readonly ShardRef[] => {
  if (training.length <= most) return training;
  const random = createRandom(`blockzero shards ${seed}`);
  const order = training.map((_, i) => i);
  for (let i = 0; i < most; i++) {
    const other = i + random.below(order.length - i);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order
    .slice(0, most)
    .sort((a, b) => a - b)
    .map((i) => training[i]!);
};
