import { readdirSync } from "node:fs";
import { join } from "node:path";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import { MAX_MANIFEST_BYTES, parseUpdateManifest } from "#shared/protocol/manifest.js";

const JOURNALS = ["miner.json", "validator.json"] as const;
/** The queue of copies to a store elsewhere. */
const QUEUE = "archive.json";

/**
 * Hashes of the blobs that a home's journals name: its own updates with their manifests, and its own reports and models' manifests. Nobody else has
 * an update before its reveal; a report that was measured anew would contradict the signed one. And of those that the store elsewhere does not have
 * yet: nobody else keeps them for long.
 */
export const ownBlobs = async (home: string): Promise<readonly string[]> => {
  const store = directoryStore(join(home, "blobs"));
  const found = new Set<string>();
  for (const hash of namedIn(home)) {
    const size = await store.size(hash);
    if (size === null) continue;
    found.add(hash);
    if (size > MAX_MANIFEST_BYTES) continue;
    const bytes = await store.get(hash);
    const update = bytes === null ? null : parseUpdateManifest(bytes);
    if (update?.ok && (await store.has(update.value.tensors))) found.add(update.value.tensors);
  }
  return [...found].sort();
};

const namedIn = (home: string): ReadonlySet<string> => {
  const states = readdirSync(home, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const files = [QUEUE, ...states.flatMap(({ name }) => JOURNALS.map((journal) => join(name, journal)))];
  const texts = files.map((file) => readFileIfAny(join(home, file)) ?? "");
  return new Set(texts.flatMap((text) => text.match(/\b[0-9a-f]{64}\b/g) ?? []));
};
