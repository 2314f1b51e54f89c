import { type BlobStore, directoryStore } from "#shared/artifact/blob-store.js";
import { BlockZeroError } from "#shared/errors.js";
import { MAX_NETWORK_BYTES } from "#shared/participant/agreed-network.js";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { MAX_MODEL_MANIFEST_BYTES, type ModelManifest, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { type Network, networkSchema } from "#shared/protocol/network.js";
import { blobFolders } from "#shared/subnet/blob-folders.js";

export interface StoredModel {
  readonly hash: string;
  readonly manifest: ModelManifest;
}

/** What the blob stores under a home hold of models. */
export interface ModelStore {
  /** Where it looked. */
  readonly home: string;
  /** Every model manifest by its hash, the oldest cycle first. */
  readonly models: ReadonlyMap<string, ModelManifest>;
  /** A blob of any of the stores, or null. */
  blob(hash: string): Promise<Uint8Array | null>;
  /** A network file, or null where it is not here or unreadable. */
  network(hash: string): Promise<Network | null>;
}

/**
 * Opens a directory that a miner, a validator or a localnet keeps its files in: the blobs of all of them together.
 *
 * @throws BlockZeroError HOME_WITHOUT_BLOBS
 */
export const openModelStore = async (home: string): Promise<ModelStore> => {
  const stores = blobFolders(home).map((folder) => directoryStore(folder));
  if (stores.length === 0)
    throw new BlockZeroError(
      "HOME_WITHOUT_BLOBS",
      `${home} has no blob directory`,
      "name a localnet's home, or the checkpoint_dir of a miner or validator, with --home",
    );
  const blob = async (hash: string): Promise<Uint8Array | null> => {
    for (const store of stores) {
      const bytes = await store.get(hash);
      if (bytes) return bytes;
    }
    return null;
  };
  return {
    home,
    models: await manifests(stores),
    blob,
    async network(hash) {
      const bytes = await blob(hash);
      const parsed = bytes && parseCanonical(bytes, networkSchema, MAX_NETWORK_BYTES);
      return parsed?.ok ? parsed.value : null;
    },
  };
};

const manifests = async (stores: readonly BlobStore[]): Promise<Map<string, ModelManifest>> => {
  const found = new Map<string, ModelManifest>();
  for (const store of stores)
    for await (const hash of store.list()) {
      if (found.has(hash) || ((await store.size(hash)) ?? Number.POSITIVE_INFINITY) > MAX_MODEL_MANIFEST_BYTES)
        continue;
      const bytes = await store.get(hash);
      const parsed = bytes && parseModelManifest(bytes);
      if (parsed?.ok) found.set(hash, parsed.value);
    }
  return new Map([...found].sort(([, a], [, b]) => ageOf(a) - ageOf(b)));
};

/** The cycle that made it; genesis, which stands for cycle 0 too, comes before the first. */
const ageOf = ({ cycle, parent }: ModelManifest): number => (parent === null ? -1 : cycle);

/**
 * A model by hash, by the beginning of one, or `latest`: that of the highest cycle here. Only the chain knows which model the
 * validators agreed on: where two of that cycle are here, `latest` refuses to choose, and who needs certainty names a hash.
 *
 * @throws BlockZeroError MODEL_UNKNOWN, MODEL_AMBIGUOUS
 */
export const findModel = ({ models, home }: ModelStore, wanted: string): StoredModel => {
  const all = [...models].map(([hash, manifest]) => ({ hash, manifest }));
  const newest = all.at(-1);
  const matches =
    wanted === "latest"
      ? all.filter(({ manifest }) => newest && ageOf(manifest) === ageOf(newest.manifest))
      : all.filter(({ hash }) => hash.startsWith(wanted.toLowerCase()));
  const [match, ...others] = matches;
  if (match === undefined)
    throw new BlockZeroError(
      "MODEL_UNKNOWN",
      wanted === "latest" ? `no model is in ${home}` : `no model ${wanted} is in ${home}`,
      newest === undefined
        ? "name the home of a participant that has joined a network"
        : `the newest there is ${newest.hash} of cycle ${newest.manifest.cycle}`,
    );
  if (others.length > 0)
    throw new BlockZeroError(
      "MODEL_AMBIGUOUS",
      `${matches.length} models in ${home} answer to "${wanted}", among them ${match.hash} and ${others[0]!.hash}`,
      "name one by its whole hash",
    );
  return match;
};
