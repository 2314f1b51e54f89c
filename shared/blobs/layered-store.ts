import { Readable } from "node:stream";
import type { BlobStore } from "./blob-store.js";

/** What a blob server needs from a store. */
export type BlobSource = Pick<BlobStore, "size" | "stream">;

/** Reads each blob from the first store that has it. */
export const layeredSource = (near: BlobSource, far: BlobSource): BlobSource => ({
  size: async (hash) => (await near.size(hash)) ?? (await far.size(hash)),
  stream: (hash, range) =>
    Readable.from(
      (async function* () {
        yield* (await near.size(hash)) === null ? far.stream(hash, range) : near.stream(hash, range);
      })(),
    ),
});
