import { MAX_MODEL_MANIFEST_BYTES, type ModelManifest, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { ANCESTRY_DEPTH } from "#shared/replay/lineage.js";
import type { CycleSource } from "#shared/replay/source.js";
import { missing, naming } from "./missing.js";

export type ManifestReader = (hash: string) => Promise<ModelManifest>;

/** Every cycle reads the manifests of its base and its ancestors. The cycle before read most of them too. */
const KEPT = 2 * ANCESTRY_DEPTH;

/** Reads models' manifests, and caches the most recently used ones. @throws BlockZeroError NOT_AUDITABLE */
export const manifestReader = ({ fetch }: Pick<CycleSource, "fetch">): ManifestReader => {
  const known = new Map<string, ModelManifest>();
  return async (hash) => {
    const manifest = known.get(hash) ?? (await readManifest(fetch, hash));
    // A map keeps insertion order, so its first entry is the least recently used one.
    known.delete(hash);
    known.set(hash, manifest);
    const [oldest] = known.keys();
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
    return manifest;
  };
};

const readManifest = async (fetch: CycleSource["fetch"], hash: string): Promise<ModelManifest> => {
  const parsed = parseModelManifest(await naming(`model ${hash}`, fetch({ hash, maxBytes: MAX_MODEL_MANIFEST_BYTES })));
  if (parsed.ok) return parsed.value;
  throw missing(`the manifest of model ${hash} cannot be read: ${parsed.problem}`);
};
