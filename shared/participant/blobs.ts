import type { BlobClient } from "#shared/artifact/blob-client.js";
import type { LocalStore } from "#shared/artifact/blob-store.js";
import { BlockZeroError } from "#shared/errors.js";
import type { Archive } from "./archive.js";

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
  /**
   * A new cycle begins: what the last `keep` cycles neither put nor read goes, the least recently used first, as far as the quota
   * asks. What they did use stays whatever the quota.
   */
  turn(cycle: number): Promise<void>;
}

export interface BlobsOptions {
  /** Bytes up to which older blobs stay as well. */
  readonly quota?: number;
  /** Where a copy of what we publish goes. */
  readonly archive?: Archive | undefined;
}

/** @param keep cycles that a blob stays after its last use */
export const createBlobs = async (
  store: LocalStore,
  client: BlobClient,
  keep: number,
  { quota = 0, archive }: BlobsOptions = {},
): Promise<Blobs> => {
  let now = Number.NEGATIVE_INFINITY;
  /** The cycle of the last use, the latest used last. */
  const used = new Map<string, number>();
  for await (const hash of store.list()) used.set(hash, now);

  const use = (hash: string) => {
    used.delete(hash);
    used.set(hash, now);
  };

  const local = async (hash: string): Promise<Uint8Array | null> => {
    const bytes = await store.get(hash);
    if (bytes) use(hash);
    return bytes;
  };

  const fetch = async ({ hash, maxBytes, locations, signal }: BlobRequest): Promise<void> => {
    const known = typeof locations === "function" ? await locations() : locations;
    const incoming = await store.receive(hash);
    try {
      await client.receive({ hash, maxBytes, locations: known, signal }, incoming);
    } finally {
      await incoming.close();
    }
  };

  const archived = async (hash: string): Promise<Uint8Array | null> => {
    const bytes = (await archive?.get(hash)) ?? null;
    if (bytes) use(await store.put(bytes));
    return bytes;
  };

  return {
    put: async (bytes) => {
      const hash = await store.put(bytes);
      use(hash);
      archive?.add(hash);
    },
    async get(request) {
      const known = await local(request.hash);
      if (known) return known;
      try {
        await fetch(request);
      } catch (thrown) {
        request.signal.throwIfAborted();
        const own = await archived(request.hash);
        if (own) return own;
        throw thrown;
      }
      const fetched = await local(request.hash);
      if (fetched) return fetched;
      throw new BlockZeroError(
        "STORE_FAILED",
        `blob ${request.hash} vanished`,
        "one process may use a store at a time",
      );
    },
    async turn(cycle) {
      // What an earlier run left has no date: it counts as used when the first cycle begins.
      if (now === Number.NEGATIVE_INFINITY) for (const hash of used.keys()) used.set(hash, cycle);
      now = cycle;
      archive?.retry();
      await store.sweep();
      const idle = [...used].filter(([hash, last]) => last <= cycle - keep && !archive?.isPending(hash));
      let excess = quota === 0 ? Number.POSITIVE_INFINITY : (await totalBytes(store, used.keys())) - quota;
      for (const [hash] of idle) {
        if (excess <= 0) break;
        excess -= (await store.size(hash)) ?? 0;
        used.delete(hash);
        await store.delete(hash);
      }
    },
  };
};

const totalBytes = async (store: LocalStore, hashes: Iterable<string>): Promise<number> => {
  let total = 0;
  for (const hash of hashes) total += (await store.size(hash)) ?? 0;
  return total;
};
