import type { BlobClient } from "#shared/artifact/blob-client.js";
import type { BlobStore } from "#shared/artifact/blob-store.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";

export interface BlobRequest {
  readonly hash: string;
  readonly maxBytes: number;
  /** Blob servers to ask, in this order; asked for only when the blob is not here. */
  readonly locations: readonly string[] | (() => Promise<readonly string[]>);
  readonly signal: AbortSignal;
}

/** Content-addressed bytes: from the local store, else from whoever has them; what was fetched is kept while it is of use. */
export interface Blobs {
  /** @throws the first server's coded error, or FETCH_NOT_FOUND where there is none to ask. */
  get(request: BlobRequest): Promise<Uint8Array>;
  put(bytes: Uint8Array): Promise<void>;
  /** A new cycle begins: what the last `keep` cycles neither put nor read goes. */
  turn(cycle: number): Promise<void>;
}

/** @param keep cycles that a blob stays after its last use */
export const createBlobs = async (store: BlobStore, client: BlobClient, keep: number): Promise<Blobs> => {
  let now = Number.NEGATIVE_INFINITY;
  const used = new Map<string, number>();
  for await (const hash of store.list()) used.set(hash, now);

  const keepBytes = async (bytes: Uint8Array) => {
    used.set(await store.put(bytes), now);
  };

  return {
    put: keepBytes,
    async get({ hash, maxBytes, locations, signal }) {
      const known = await store.get(hash);
      if (known) {
        used.set(hash, now);
        return known;
      }
      let failure: BlockZeroError | undefined;
      for (const location of new Set(typeof locations === "function" ? await locations() : locations)) {
        try {
          const bytes = await client.fetchBlob({ location, hash, maxBytes, signal });
          await keepBytes(bytes);
          return bytes;
        } catch (thrown) {
          signal.throwIfAborted();
          failure ??= asFetchError(thrown);
        }
      }
      throw failure ?? new BlockZeroError("FETCH_NOT_FOUND", `nobody has blob ${hash}`, "name a location that does");
    },
    async turn(cycle) {
      // What an earlier run left has no date: it counts as used when the first cycle begins.
      if (now === Number.NEGATIVE_INFINITY) for (const hash of used.keys()) used.set(hash, cycle);
      now = cycle;
      for (const [hash, last] of [...used]) {
        if (last > cycle - keep) continue;
        used.delete(hash);
        await store.delete(hash);
      }
    },
  };
};

const asFetchError = (thrown: unknown): BlockZeroError =>
  thrown instanceof BlockZeroError
    ? thrown
    : new BlockZeroError("FETCH_FAILED", reasonOf(thrown), "look at the location's server", { cause: thrown });
