import type { BlockZeroError } from "#shared/errors/error.js";
import type { Model } from "#shared/merge/merge-model.js";
import type { MergedUpdate, ModelManifest } from "#shared/protocol/model-manifest.js";
import { isGone } from "./is-gone.js";

/** Number of models (a model and its ancestors) that are searched for earlier copies of an update. */
export const ANCESTRY_DEPTH = 64;

export type Ancestry = readonly (MergedUpdate & { readonly cycle: number })[];

/** A model and its ancestors, newest first. If `manifestOf` throws, the walk ends with that error. */
export async function* lineage(
  hash: string,
  manifestOf: (hash: string) => Promise<ModelManifest>,
): AsyncGenerator<Model> {
  for (let next: string | null = hash; next !== null; ) {
    const manifest = await manifestOf(next);
    yield { hash: next, manifest };
    next = manifest.parent;
  }
}

/** The same as far as manifests can be had: ends before the first model whose manifest nobody gives. @param onMissing told why */
export async function* lineageAtHand(
  hash: string,
  manifestOf: (hash: string) => Promise<ModelManifest>,
  onMissing: (fault: BlockZeroError) => void = () => {},
): AsyncGenerator<Model> {
  try {
    yield* lineage(hash, manifestOf);
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    onMissing(thrown);
  }
}

/**
 * Says of a cycle, from `first` on and before the one that starts from the model `base`, whether a model was agreed on in it: that model is
 * then `base` or an ancestor. Null of cycles before the oldest ancestor whose manifest can be had.
 */
export const agreedCycles = async (
  models: { manifest(hash: string, signal: AbortSignal): Promise<ModelManifest> },
  base: string,
  first: number,
  signal: AbortSignal,
): Promise<(cycle: number) => boolean | null> => {
  const agreed = new Set<number>();
  let oldest = Number.POSITIVE_INFINITY;
  try {
    for await (const { manifest } of lineage(base, (ancestor) => models.manifest(ancestor, signal))) {
      const isGenesis = manifest.parent === null;
      oldest = isGenesis ? Number.NEGATIVE_INFINITY : manifest.cycle;
      if (!isGenesis) agreed.add(manifest.cycle);
      if (oldest <= first) break;
    }
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
  }
  return (cycle) => agreed.has(cycle) || (cycle >= oldest ? false : null);
};

/** Every update merged into a model or its recent ancestors, newest first. @param models as `lineage` gives them @throws what they throw */
export const ancestry = async (models: AsyncIterable<Model>): Promise<Ancestry> => {
  const updates: (MergedUpdate & { cycle: number })[] = [];
  let depth = 0;
  for await (const { manifest } of models) {
    updates.push(...manifest.merged.map((update) => ({ ...update, cycle: manifest.cycle })));
    depth += 1;
    if (depth === ANCESTRY_DEPTH) break;
  }
  return updates;
};
