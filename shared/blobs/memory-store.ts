import { Readable } from "node:stream";
import { sha256 } from "#shared/protocol/hash.js";
import type { BlobStore } from "./blob-store.js";

/** A few small blobs in memory, for as long as they are served. */
export const memoryStore = (): Pick<BlobStore, "size" | "stream" | "put"> => {
  const blobs = new Map<string, Uint8Array>();
  return {
    size: async (hash) => blobs.get(hash)?.length ?? null,
    stream: (hash, range) => {
      const bytes = blobs.get(hash);
      if (bytes === undefined) throw new RangeError(`no blob ${hash}`);
      return Readable.from([range === undefined ? bytes : bytes.subarray(range.start, range.end)]);
    },
    put: async (bytes) => {
      const hash = sha256(bytes);
      blobs.set(hash, bytes);
      return hash;
    },
  };
};
