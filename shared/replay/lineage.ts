import type { Model } from "#shared/merge/merge-model.js";
import type { MergedUpdate, ModelManifest } from "#shared/protocol/model-manifest.js";

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

/** Every update merged into a model or its recent ancestors, newest first. */
export const ancestry = async (
  models: { manifest(hash: string, signal: AbortSignal): Promise<ModelManifest> },
  hash: string,
  signal: AbortSignal,
): Promise<Ancestry> => {
  const updates: (MergedUpdate & { cycle: number })[] = [];
  let depth = 0;
  for await (const { manifest } of lineage(hash, (ancestor) => models.manifest(ancestor, signal))) {
    updates.push(...manifest.merged.map((update) => ({ ...update, cycle: manifest.cycle })));
    depth += 1;
    if (depth === ANCESTRY_DEPTH) break;
  }
  return updates;
};
