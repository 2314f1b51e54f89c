import { directoryStore } from "#shared/blobs/blob-store.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { bytesOfSource, withSource } from "#shared/files/byte-source.js";
import type { RegularFile } from "#shared/files/regular-file.js";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { MAX_MODEL_MANIFEST_BYTES, type ModelManifest, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { MAX_NETWORK_BYTES, type Network, networkSchema } from "#shared/protocol/network.js";
import { blobFolders } from "#shared/subnet/blob-folders.js";
import { copiesInFolders } from "#shared/subnet/folder-copies.js";

export interface StoredModel {
  readonly hash: string;
  readonly manifest: ModelManifest;
}

export interface StoredNetwork {
  readonly hash: string;
  readonly network: Network;
}

/** The models in the blob stores under a home. Read-only: a damaged copy stays where it is. */
export interface ModelStore {
  /** The directory that was opened. */
  readonly home: string;
  /** Every model manifest by its hash, the oldest cycle first. */
  readonly models: ReadonlyMap<string, ModelManifest>;
  /** Of the files read so far, those whose copies here are all damaged. */
  readonly lost: ReadonlySet<string>;
  /** A blob from any of the stores, or null. */
  blob(hash: string): Promise<Uint8Array | null>;
  /** The same for one that may be larger than memory. Close it. */
  open(hash: string): Promise<RegularFile | null>;
  /** The network file that a model is of, or null if it is not here or unreadable. */
  networkOf(model: StoredModel): Promise<StoredNetwork | null>;
}

/**
 * Opens the directory in which a miner, a validator or a localnet keeps its files, and reads the blobs of all of them together.
 *
 * @param onDamage is called once for every copy found that cannot be used
 * @throws BlockZeroError HOME_WITHOUT_BLOBS
 */
export const openModelStore = async (
  home: string,
  onDamage: (problem: string) => void = () => {},
): Promise<ModelStore> => {
  const folders = storesIn(home);
  const lost = new Set<string>();
  const told = new Set<string>();
  const open = async (hash: string): Promise<RegularFile | null> => {
    const { sound, path, faulty } = await copiesInFolders(folders, hash);
    if (sound === null && faulty.length > 0) lost.add(hash);
    for (const { path: damaged, fault } of faulty) {
      if (!told.has(damaged))
        onDamage(sound === null ? `${fault.message}, and no sound copy is at hand` : fault.message);
      told.add(damaged);
    }
    return sound && { ...sound, path: path! };
  };
  const blob = async (hash: string, maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array | null> => {
    const sound = await open(hash);
    return sound && withSource(sound, async () => (sound.size > maxBytes ? null : bytesOfSource(sound)));
  };
  return {
    home,
    lost,
    models: await readManifests(folders, (hash) => blob(hash, MAX_MODEL_MANIFEST_BYTES)),
    blob: (hash) => blob(hash),
    open,
    async networkOf({ hash, manifest }) {
      if (manifest.network !== null)
        return networkIn(manifest.network, await blob(manifest.network, MAX_NETWORK_BYTES));
      // A genesis model does not name its network: that one names it.
      for (const folder of folders) {
        const { list, size } = directoryStore(folder);
        for await (const name of list()) {
          if (((await size(name)) ?? Number.POSITIVE_INFINITY) > MAX_NETWORK_BYTES) continue;
          const bytes = await blob(name, MAX_NETWORK_BYTES);
          const found = bytes && Buffer.from(bytes).includes(hash) ? networkIn(name, bytes) : null;
          if (found?.network.genesis === hash) return found;
        }
      }
      return null;
    },
  };
};

/** The folders of the blob stores under a home. @throws BlockZeroError HOME_WITHOUT_BLOBS */
export const storesIn = (home: string): readonly string[] => {
  const folders = blobFolders(home);
  if (folders.length > 0) return folders;
  throw new BlockZeroError(
    "HOME_WITHOUT_BLOBS",
    `${home} has no blob directory`,
    "name a localnet's home, or the checkpoint_dir of a miner or validator, with --home",
  );
};

const networkIn = (hash: string, bytes: Uint8Array | null): StoredNetwork | null => {
  const parsed = bytes && parseCanonical(bytes, networkSchema, MAX_NETWORK_BYTES);
  return parsed?.ok ? { hash, network: parsed.value } : null;
};

/** Reads every file that is small enough to be a manifest. */
const readManifests = async (
  folders: readonly string[],
  read: (hash: string) => Promise<Uint8Array | null>,
): Promise<Map<string, ModelManifest>> => {
  const found = new Map<string, ModelManifest>();
  const seen = new Set<string>();
  for (const { list, size } of folders.map((folder) => directoryStore(folder)))
    for await (const hash of list()) {
      if (seen.has(hash) || ((await size(hash)) ?? Number.POSITIVE_INFINITY) > MAX_MODEL_MANIFEST_BYTES) continue;
      seen.add(hash);
      const bytes = await read(hash);
      const parsed = bytes && parseModelManifest(bytes);
      if (parsed?.ok) found.set(hash, parsed.value);
    }
  return new Map([...found].sort(([, a], [, b]) => ageOf(a) - ageOf(b)));
};

/** The cycle that made the model. Genesis also stands for cycle 0, and comes before the first cycle's model. */
const ageOf = ({ cycle, parent }: ModelManifest): number => (parent === null ? -1 : cycle);

/** Whether it can be a model of a home: `latest`, or digits that a hash may begin with. */
const isModelName = (name: string): boolean => name === "latest" || /^[0-9a-f]{1,64}$/i.test(name);

/**
 * A name that is no folder must be one of a home's models.
 *
 * @throws BlockZeroError MODEL_UNKNOWN
 */
export const checkModelName = (name: string): void => {
  if (isModelName(name)) return;
  throw new BlockZeroError(
    "MODEL_UNKNOWN",
    `${name} is no folder here, and no model's hash`,
    "name a folder with config.json and model.safetensors, the beginning of a hash, or latest",
  );
};

/**
 * Finds a model by hash, by the first digits of one, or by `latest`: the model of the highest cycle here. Only the chain knows which model
 * the validators agreed on. If two models of that cycle are here, `latest` refuses to choose. Name a hash to be certain.
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
