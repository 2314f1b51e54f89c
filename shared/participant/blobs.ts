import type { BlobClient } from "#shared/artifact/blob-client.js";
import type { BlobStore } from "#shared/artifact/blob-store.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";

export interface BlobRequest {
  readonly hash: string;
  readonly maxBytes: number;
  /** Blob servers to ask, in this order. */
  readonly locations: readonly string[];
  readonly signal: AbortSignal;
}

/** Content-addressed bytes: from the local store, else from whoever has them; what was fetched is kept. */
export interface Blobs {
  readonly store: BlobStore;
  /** @throws the last server's coded error, or FETCH_NOT_FOUND where there is none to ask. */
  get(request: BlobRequest): Promise<Uint8Array>;
}

export const createBlobs = (store: BlobStore, client: BlobClient): Blobs => ({
  store,
  async get({ hash, maxBytes, locations, signal }) {
    const known = await store.get(hash);
    if (known) return known;
    let failure = new BlockZeroError("FETCH_NOT_FOUND", `blob ${hash} is not here`, "name a location that has it");
    for (const location of new Set(locations)) {
      try {
        const bytes = await client.fetchBlob({ location, hash, maxBytes, signal });
        await store.put(bytes);
        return bytes;
      } catch (thrown) {
        signal.throwIfAborted();
        failure =
          thrown instanceof BlockZeroError
            ? thrown
            : new BlockZeroError("FETCH_FAILED", reasonOf(thrown), "look at the location's server", { cause: thrown });
      }
    }
    throw failure;
  },
});
