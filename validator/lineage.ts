import type { AgreedModels } from "#shared/participant/agreed-model.js";
import type { MergedUpdate } from "#shared/protocol/model-manifest.js";

/** Ancestors that are searched for earlier copies of an update. */
const DEPTH = 64;

export type Ancestry = readonly (MergedUpdate & { readonly cycle: number })[];

/** Every update merged into a model or its recent ancestors, newest first. */
export const ancestry = async (
  models: Pick<AgreedModels, "manifest">,
  hash: string,
  signal: AbortSignal,
): Promise<Ancestry> => {
  const updates: (MergedUpdate & { cycle: number })[] = [];
  let next: string | null = hash;
  for (let depth = 0; next !== null && depth < DEPTH; depth++) {
    const { cycle, merged, parent } = await models.manifest(next, signal);
    updates.push(...merged.map((update) => ({ ...update, cycle })));
    next = parent;
  }
  return updates;
};
