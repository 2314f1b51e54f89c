import type { BlobClient } from "#shared/blobs/blob-client.js";
import type { LocalStore } from "#shared/blobs/blob-store.js";
import type { BlobWriter } from "#shared/blobs/blob-writer.js";
import { lend } from "#shared/blobs/incoming-blob.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { orAbort } from "#shared/util/deadline.js";
import type { Archive } from "./archive.js";

export interface BlobRequest {
  readonly hash: string;
  /** What it is, for a person who has to go without it. */
  readonly what?: string | undefined;
  /** Longer ones are refused wherever they are: who asks names what a stranger says it is. */
  readonly maxBytes: number;
  /** Blob servers to ask, in this order; asked for only when the blob is not here. */
  readonly locations: readonly string[] | (() => Promise<readonly string[]>);
  readonly signal: AbortSignal;
  /** Called when a server is about to be asked. */
  readonly onAsked?: (() => void) | undefined;
}

/** Content-addressed bytes: from the local store, else from whoever has them; what was fetched is kept while it is of use. */
export interface Blobs {
  /** @throws FETCH_TOO_LARGE, the first server's coded error, or FETCH_NOT_FOUND where there is none to ask. */
  get(request: BlobRequest): Promise<Uint8Array>;
  /** The same of a blob that may be larger than memory. Close it. */
  open(request: BlobRequest): Promise<ByteSource>;
  /** The file that holds a blob, which then stays for good. @throws as `open` */
  pin(request: BlobRequest): Promise<string>;
  put(bytes: Uint8Array): Promise<void>;
  /** Begins a blob that may be larger than memory. */
  create(): Promise<BlobWriter>;
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

/** @param kept cycles that a blob stays after its last use */
export const createBlobs = async (
  store: LocalStore,
  client: BlobClient,
  kept: number,
  { quota = 0, archive }: BlobsOptions = {},
): Promise<Blobs> => {
  let now = Number.NEGATIVE_INFINITY;
  /** The cycle of the last use, the latest used last. */
  const used = new Map<string, number>();
  for await (const hash of store.list()) used.set(hash, now);
  const pinned = new Set<string>();

  const use = (hash: string) => {
    used.delete(hash);
    used.set(hash, now);
  };

  const fetch = async ({ hash, what, maxBytes, locations, signal, onAsked }: BlobRequest): Promise<void> => {
    const incoming = await store.receive(hash);
    const loan = lend(incoming);
    const elsewhere = async (): Promise<void> => {
      try {
        const known = typeof locations === "function" ? await locations() : locations;
        await client.receive({ hash, what, maxBytes, locations: known, signal, onAsked }, loan.blob);
      } catch (thrown) {
        signal.throwIfAborted();
        if (!(await archive?.receive({ hash, maxBytes, signal }, loan.blob))) throw thrown;
      }
    };
    try {
      await orAbort(elsewhere(), signal);
    } finally {
      await loan.takeBack();
      await incoming.close();
    }
  };

  const keep = (hash: string) => {
    use(hash);
    archive?.add(hash);
  };

  /** What `read` finds in the local store, after fetching it where it is not there. */
  const obtain = async <T>(request: BlobRequest, read: (hash: string) => Promise<T | null>): Promise<T> => {
    const { hash, maxBytes } = request;
    const local = async (): Promise<T | null> => {
      const bytes = (await store.size(hash)) ?? 0;
      if (bytes > maxBytes) throw tooLarge(hash, bytes, maxBytes);
      const found = await read(hash);
      if (found) use(hash);
      return found;
    };
    const known = await local();
    if (known) return known;
    const failure = await fetch(request).then(
      () => null,
      (thrown: unknown) => ({ thrown }),
    );
    // Who ran out of patience may have got it in the same moment.
    const fetched = await local();
    if (fetched) return fetched;
    if (failure) throw failure.thrown;
    throw new BlockZeroError("STORE_FAILED", `blob ${hash} vanished`, "one process may use a store at a time");
  };

  return {
    get: (request) => obtain(request, store.get),
    open: (request) => obtain(request, store.open),
    pin: async (request) => {
      const { hash } = request;
      await (await obtain(request, store.open)).close();
      pinned.add(hash);
      return store.path(hash);
    },
    put: async (bytes) => keep(await store.put(bytes)),
    create: async () => {
      const writer = await store.create();
      return {
        ...writer,
        finish: async () => {
          const written = await writer.finish();
          keep(written.hash);
          return written;
        },
      };
    },
    async turn(cycle) {
      // What an earlier run left has no date: it counts as used when the first cycle begins.
      if (now === Number.NEGATIVE_INFINITY) for (const hash of used.keys()) used.set(hash, cycle);
      now = cycle;
      archive?.retry();
      await store.sweep();
      const idle = [...used].filter(
        ([hash, last]) => last <= cycle - kept && !pinned.has(hash) && !archive?.isPending(hash),
      );
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

const tooLarge = (hash: string, bytes: number, most: number): BlockZeroError =>
  new BlockZeroError(
    "FETCH_TOO_LARGE",
    `blob ${hash} has ${bytes} bytes, at most ${most} may be asked for here`,
    "no valid blob is so large here",
  );

const totalBytes = async (store: LocalStore, hashes: Iterable<string>): Promise<number> => {
  let total = 0;
  for (const hash of hashes) total += (await store.size(hash)) ?? 0;
  return total;
};
