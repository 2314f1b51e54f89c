import type { BlobClient } from "#shared/blobs/blob-client.js";
import type { LocalStore } from "#shared/blobs/blob-store.js";
import type { BlobWriter } from "#shared/blobs/blob-writer.js";
import { lend } from "#shared/blobs/incoming-blob.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { MAX_REPORT_BYTES } from "#shared/protocol/report.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { orAbort } from "#shared/util/deadline.js";
import type { Archive } from "./archive.js";
import { openDiskReserve } from "./disk-reserve.js";
import type { UsedCycles } from "./used-cycles.js";

export interface BlobRequest {
  readonly hash: string;
  /** What the blob is, for the error message. */
  readonly what?: string | undefined;
  /** Longer blobs are refused wherever they are. The limit comes from the caller, because a stranger may have named the hash. */
  readonly maxBytes: number;
  /** Blob servers to ask, in this order. A function is called only if the blob is not here. */
  readonly locations: readonly string[] | (() => Promise<readonly string[]>);
  readonly signal: AbortSignal;
  /** Called when a server is about to be asked. */
  readonly onAsked?: (() => void) | undefined;
  /** Whether what everybody works with names it: the owner's record, the network file, the agreed model. Else strangers may have. Default: false. */
  readonly isAgreed?: boolean | undefined;
}

/** Content-addressed bytes, from the local store, else from a server that has them. A fetched blob is kept while it is in use. */
export interface Blobs {
  /** @throws FETCH_TOO_LARGE, the first server's coded error, or FETCH_NOT_FOUND if there is no server to ask. */
  get(request: BlobRequest): Promise<Uint8Array>;
  /** The same for a blob that may be larger than memory. Close it. */
  open(request: BlobRequest): Promise<ByteSource>;
  /** The file that holds a blob, which stays as long as a blob that was opened now. @throws as `open` */
  locate(request: BlobRequest): Promise<string>;
  /** The same. The blob is then kept permanently. */
  pin(request: BlobRequest): Promise<string>;
  put(bytes: Uint8Array): Promise<void>;
  /** Stores what nobody may have yet, though its hash is known: no copy of it goes elsewhere before `publish`. */
  putSecret(bytes: Uint8Array): Promise<void>;
  /** A copy of a blob that is here goes elsewhere from now on. */
  publish(hash: string): void;
  /** Starts writing a blob that may be larger than memory. */
  create(): Promise<BlobWriter>;
  /** The same for a blob that others have published: it counts as one that was fetched, of which no copy goes elsewhere. */
  recreate(): Promise<BlobWriter>;
  /** Deletes blobs whenever they were used: what a longer work wrote on its way, and nobody needs any more. Pinned ones stay. */
  forget(hashes: Iterable<string>): Promise<void>;
  /**
   * A new cycle begins. Deletes blobs that the last `keep` cycles neither stored nor read, the least recently used first, until the store
   * is within its quota. Blobs that these cycles used stay whatever the quota, and so do those in force.
   *
   * @param window cycles that decide one cycle's pay, 1 unless given: documents stay for `window - 1` cycles more, so that the pay of each cycle
   *               whose files are here can be derived. A document is a blob of at most 1 MiB that was stored or read as a whole: reports, manifests,
   *               checks.
   * @param inForce hashes of what this cycle starts from, which may be older; null where nobody can tell which these are: then all blobs stay
   */
  turn(cycle: number, window?: number, inForce?: ReadonlySet<string> | null): Promise<void>;
  /**
   * So many bytes of the disk stay free of what strangers name: no file but a document is begun that would leave less, unless it is agreed on. Until
   * this is called, none do.
   */
  keepFree(bytes: number): void;
  /** The disk is full: deletes at once, whatever the quota, what else the next turn may delete. */
  makeRoom(cycle: number, window: number, inForce: ReadonlySet<string>): Promise<void>;
}

export interface BlobsOptions {
  /** Total bytes up to which older blobs stay as well. */
  readonly quota?: number;
  /** Where copies of published blobs go. */
  readonly archive?: Archive | undefined;
  /** Where it is kept when blobs were used. Unset: those of an earlier run count as used when the first cycle begins. */
  readonly usedCycles?: UsedCycles | undefined;
  readonly instruments?: Instruments | undefined;
  /** Bytes that are free on the disk. Default: any number. */
  readonly free?: (() => Promise<number>) | undefined;
}

/** What keeps blobs: see `Blobs.turn`. */
interface Keeping {
  readonly cycle: number;
  readonly window: number;
  readonly inForce: ReadonlySet<string> | null;
}

/** Greatest size of a document, in bytes: a report's. */
const DOCUMENT_BYTES = MAX_REPORT_BYTES;

/** Cycles beyond `kept` for which a blob waits for the archive to take it. */
const ARCHIVE_CYCLES = 64;

/** @param kept cycles for which a blob stays after its last use */
export const createBlobs = async (
  store: LocalStore,
  client: BlobClient,
  kept: number,
  { quota = 0, archive, instruments, usedCycles, free = async () => Number.POSITIVE_INFINITY }: BlobsOptions = {},
): Promise<Blobs> => {
  let now = Number.NEGATIVE_INFINITY;
  let keeping: Keeping | null = null;
  /** The cycle of the last use, in ascending order of use. */
  const used = new Map<string, number>();
  const left = new Set<string>();
  for await (const hash of store.list()) left.add(hash);
  for (const [hash, cycle] of usedCycles?.known ?? []) if (left.delete(hash)) used.set(hash, cycle);
  for (const hash of left) used.set(hash, now);
  const pinned = new Set<string>();
  /** Blobs that are read in parts, whatever their size: tensors. What an earlier run left is told by its size alone. */
  const inParts = new Set<string>();

  const use = (hash: string) => {
    if (now >= 0 && used.get(hash) !== now) usedCycles?.add(hash, now);
    used.delete(hash);
    used.set(hash, now);
  };

  const fetch = async ({ hash, what, maxBytes, locations, signal, onAsked, isAgreed }: BlobRequest): Promise<void> => {
    const incoming = await store.receive(hash);
    const loan = lend(incoming);
    let admitted = () => {};
    const elsewhere = async (): Promise<void> => {
      try {
        const known = typeof locations === "function" ? await locations() : locations;
        await client.receive({ hash, what, maxBytes, locations: known, signal, onAsked }, loan.blob);
      } catch (thrown) {
        signal.throwIfAborted();
        if (!(await archive?.receive({ hash, maxBytes, signal, isAgreed }, loan.blob))) throw thrown;
      }
    };
    try {
      if (!isAgreed && maxBytes > DOCUMENT_BYTES)
        admitted = await reserve.admit({ hash, maxBytes, received: incoming.length });
      await orAbort(elsewhere(), signal);
    } finally {
      admitted();
      await loan.takeBack();
      await incoming.close();
    }
  };

  const keep = (hash: string) => {
    use(hash);
    archive?.add(hash);
  };

  /** The result of `read` on the local store. Fetches the blob first if it is missing. */
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
    // The blob may have arrived at the moment when the wait ended.
    const fetched = await local();
    if (fetched) return fetched;
    if (failure) throw failure.thrown;
    throw new BlockZeroError("STORE_FAILED", `blob ${hash} vanished`, "one process may use a store at a time");
  };

  const open = async (request: BlobRequest): Promise<ByteSource> => {
    const source = await obtain(request, store.open);
    inParts.add(request.hash);
    return source;
  };

  const locate = async (request: BlobRequest): Promise<string> => {
    await (await open(request)).close();
    return store.path(request.hash);
  };

  /** @param finished called with the hash of what was written */
  const create = async (finished: (hash: string) => void): Promise<BlobWriter> => {
    const writer = await store.create();
    return {
      ...writer,
      finish: async () => {
        const written = await writer.finish();
        finished(written.hash);
        inParts.add(written.hash);
        return written;
      },
    };
  };

  const remove = async (hash: string): Promise<void> => {
    used.delete(hash);
    inParts.delete(hash);
    archive?.abandon(hash);
    await store.delete(hash);
  };

  /** Whether the archive is still to have a blob that is kept for nothing else. A store that takes nothing for long may not fill the disk. */
  const isAwaited = (hash: string, cycles: number): boolean =>
    cycles < ARCHIVE_CYCLES && archive?.isPending(hash) === true;

  const isDocument = async (hash: string): Promise<boolean> =>
    !inParts.has(hash) && ((await store.size(hash)) ?? 0) <= DOCUMENT_BYTES;

  /** What has no date counts as used when the first cycle begins, and so does what has one of another network, whose cycles had other numbers. */
  const begin = (cycle: number): void => {
    if (now === Number.NEGATIVE_INFINITY)
      for (const [hash, last] of used) if (last < 0 || last > cycle) used.set(hash, cycle);
    now = cycle;
  };

  /** Deletes what nothing keeps, the least recently used first, until so many bytes are gone. */
  const letGo = async (bytes: number, by: Keeping): Promise<void> => {
    const { cycle, window, inForce } = by;
    keeping = by;
    const stays = (hash: string) => inForce === null || inForce.has(hash) || pinned.has(hash);
    const idle = [...used].filter(
      ([hash, last]) => last <= cycle - kept && !stays(hash) && !isAwaited(hash, cycle - kept - last),
    );
    let excess = bytes;
    for (const [hash, last] of idle) {
      if (excess <= 0) break;
      if (last > cycle - kept - window + 1 && (await isDocument(hash))) continue;
      excess -= (await store.size(hash)) ?? 0;
      await remove(hash);
    }
    usedCycles?.replace(used);
    if (instruments === undefined) return;
    instruments.set("blockzero_cache_blobs", used.size);
    instruments.set("blockzero_cache_bytes", await totalBytes(store, used.keys()));
  };

  const reserve = openDiskReserve(free, async (bytes) => {
    // Without a quota nothing is kept that may go.
    if (quota > 0 && keeping !== null) await letGo(bytes, keeping);
  });

  return {
    get: (request) => obtain(request, store.get),
    open,
    locate,
    pin: async (request) => {
      const path = await locate(request);
      pinned.add(request.hash);
      return path;
    },
    put: async (bytes) => keep(await store.put(bytes)),
    putSecret: async (bytes) => use(await store.put(bytes)),
    publish: keep,
    create: () => create(keep),
    recreate: () => create(use),
    async forget(hashes) {
      for (const hash of hashes) if (!pinned.has(hash)) await remove(hash);
    },
    async turn(cycle, window = 1, inForce = new Set()) {
      begin(cycle);
      archive?.retry();
      await store.sweep();
      const excess = quota === 0 ? Number.POSITIVE_INFINITY : (await totalBytes(store, used.keys())) - quota;
      await letGo(excess, { cycle, window, inForce });
    },
    keepFree: reserve.keepFree,
    async makeRoom(cycle, window, inForce) {
      begin(cycle);
      await letGo(Number.POSITIVE_INFINITY, { cycle, window, inForce });
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
