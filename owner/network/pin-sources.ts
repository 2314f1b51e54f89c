import { createReadStream } from "node:fs";
import { sourceDigest } from "#datasets/digest.js";
import { openSource } from "#datasets/index.js";
import { openJsonl } from "#datasets/jsonl.js";
import { openPack } from "#datasets/tokens.js";
import type { LocalStore } from "#shared/blobs/blob-store.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { blobPath } from "#shared/packs/pack-folder.js";
import type { DataSource } from "#shared/protocol/data-source.js";
import type { Network } from "#shared/protocol/network.js";

/**
 * Names every source of documents by its content, and stores files of documents as blobs that participants fetch. Paths stay, for this
 * machine.
 *
 * @throws BlockZeroError DATASET_…, where a source cannot be read or is not the one that the template names
 */
export const pinSources = async (store: LocalStore, groups: Network["groups"]): Promise<Network["groups"]> => {
  const pinned: Record<string, Network["groups"][string]> = {};
  for (const [name, group] of Object.entries(groups)) {
    const data: DataSource[] = [];
    for (const source of group.data) data.push(await pin(store, source));
    pinned[name] = { ...group, data };
  }
  return pinned;
};

const pin = async (store: LocalStore, source: DataSource): Promise<DataSource> => {
  if (source.kind === "pack") return pinPack(store, source);
  if (source.kind !== "jsonl") return { ...source, sha256: sourceDigest(openSource(source)) };
  const { path, sha256 } = source;
  if (path === undefined) return storedBefore(store, source);
  openJsonl(path, { sha256 });
  const written = await copyFile(store, path);
  // Between being checked and being copied it may have been replaced.
  openJsonl(path, { sha256: written.hash });
  return { ...source, sha256: written.hash, bytes: written.bytes };
};

/** Copies a pack's manifest and shards, of which those that are there already are left alone. */
const pinPack = async (store: LocalStore, source: DataSource): Promise<DataSource> => {
  if (source.path === undefined) return storedBefore(store, source);
  const { manifest, blobs, hash, path } = openPack(source);
  for (const shard of [...manifest.training, ...manifest.held_out]) {
    if (await store.has(shard.hash)) continue;
    const written = await copyFile(store, blobPath(blobs, shard.hash));
    if (written.hash !== shard.hash)
      throw new BlockZeroError(
        "PACK_MALFORMED",
        `${blobPath(blobs, shard.hash)} is not the shard that the pack names`,
        "pack the text again",
      );
  }
  const written = await copyFile(store, path);
  openPack({ path, sha256: written.hash });
  return { ...source, sha256: hash, bytes: written.bytes };
};

const storedBefore = async (store: LocalStore, source: DataSource): Promise<DataSource> => {
  const { kind, sha256, bytes } = source;
  if (sha256 !== undefined && bytes !== undefined && (await store.size(sha256)) === bytes) return source;
  throw new BlockZeroError(
    "DATASET_PATH_MISSING",
    `the source "${kind}" has no path, and the directory does not hold the file that its sha256 names`,
    "name the file, or give the directory that holds it",
  );
};

const copyFile = async (store: LocalStore, path: string) => {
  const writer = await store.create();
  try {
    for await (const piece of createReadStream(path)) await writer.append(piece);
    return await writer.finish();
  } finally {
    await writer.discard();
  }
};
