import { Readable } from "node:stream";
import type { BlobStore } from "./blob-store.js";

/** What a blob server needs of a store. */
export type BlobSource = Pick<BlobStore, "size" | "stream">;

/** Blobs of the first store that has them. */
export const layeredSource = (near: BlobSource, far: BlobSource): BlobSource => ({
  size: async (hash) => (await near.size(hash)) ?? (await far.size(hash)),
  stream: (hash, range) =>
    Readable.from(
      (async function* () {
        yield* (await near.size(hash)) === null ? far.stream(hash, range) : near.stream(hash, range);
      })(),
    ),
});
