import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
import type { BlobWriter } from "#shared/blobs/blob-writer.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { IncomingBlob } from "#shared/blobs/incoming-blob.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type ByteSource, bytesOfSource, withSource } from "#shared/files/byte-source.js";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import type { FileRequest } from "#shared/replay/source.js";
import { keepNewest } from "#shared/util/keep-newest.js";
import { plural } from "#shared/util/plural.js";
import { copiesInFolders, type FolderCopies, openLocalCopy } from "./folder-copies.js";
import { anyBlob, type CopysTurn, checkedBlob, inRounds, type RemoteCopies, type RemoteCopy } from "./remote-copies.js";

/** A copy that cannot serve: its bytes do not have the hash it is kept under, or it cannot be read. */
export interface FaultyCopy {
  /** Its path, or where it is served. */
  readonly path: string;
  readonly hash: string;
  /** Why it cannot be read; null where it can, and its bytes are other ones. */
  readonly unreadable: string | null;
  /** Whether it is among what was to be looked at: all in folders is, and with `everyCopy` what anybody serves. Others just came first. */
  readonly isAskedAbout: boolean;
  /** Its bytes as they are. Close it. @throws BlockZeroError FETCH_… where it cannot be had again */
  open(): Promise<ByteSource>;
}

/** The files of a subnet, looked at from outside: every copy is checked, none is changed. */
export interface SubnetFiles {
  /** Sound bytes, from a folder or from whoever serves them. @throws BlockZeroError FETCH_… where there are none */
  fetch(file: FileRequest): Promise<Uint8Array>;
  /** The same of a file that may be larger than memory. Close it. */
  open(file: FileRequest): Promise<ByteSource>;
  /** The path of a sound copy, for those that read by path; it stays until the files are closed. @throws as `open` */
  locate(file: FileRequest): Promise<string>;
  /** The same of a file that is read by path for now: it stays until `retain` forgets it. @throws as `open` */
  locateForNow(file: FileRequest): Promise<string>;
  /** Begins a file that is recomputed, which counts as having been had. */
  create(): Promise<BlobWriter>;
  /** Forgets what was recomputed, but for these, and what came in part and was not asked for again since the last call. */
  retain(hashes: ReadonlySet<string>): Promise<void>;
  /** A sound copy that is at hand, or null. Close it. */
  sound(hash: string): Promise<ByteSource | null>;
  /** The faulty copies that were come across since the last call, by path; each is given once. */
  takeFaulty(): readonly FaultyCopy[];
  /** Removes what was recomputed. */
  close(): Promise<void>;
}

export interface SubnetFilesOptions {
  /** Blob stores, of which every copy of a file is looked at. */
  readonly folders: readonly string[];
  /** Who else may have a file, where there is anybody. */
  readonly remote?: RemoteCopies | undefined;
  /** Looks at every remote copy of a file that is opened, also when a sound one is at hand. */
  readonly everyCopy?: boolean | undefined;
  /** Where what servers gave stays; unless given it goes with what was recomputed. */
  readonly cache?: LocalStore | undefined;
  /** The folder of what is recomputed, which is removed in the end; a temporary one unless given. */
  readonly scratch?: string;
}

const MISMATCH = "FETCH_HASH_MISMATCH";
const NOT_FOUND = { code: "FETCH_NOT_FOUND", hint: "ask sooner, or where it is kept" } as const;

/** Of those who do not have a file, so many are told about. */
const FAULTS_TOLD = 3;

/** How often removing the folder is tried again, 100 ms later each time. */
const CLOSE_RETRIES = 8;

/** Paths of faulty copies that were given, and are not given again. */
const MAX_NAMED = 10_000;

export const openSubnetFiles = ({
  folders,
  remote,
  everyCopy = false,
  cache,
  scratch = join(tmpdir(), `blockzero-files-${randomUUID()}`),
}: SubnetFilesOptions): SubnetFiles => {
  const made = directoryStore(scratch);
  const faulty = new Map<string, FaultyCopy>();
  const named = new Set<string>();
  /** Whether anything was begun to be fetched into `made`. */
  let hasFetched = false;
  const blame = (copy: FaultyCopy): void => {
    if (!named.has(copy.path)) faulty.set(copy.path, copy);
  };

  const inFolders = async (hash: string): Promise<FolderCopies> => {
    const found = await copiesInFolders(folders, hash);
    for (const { path, fault } of found.faulty) {
      const unreadable = fault.code === MISMATCH ? null : fault.message;
      blame({ path, hash, unreadable, isAskedAbout: true, open: () => reopened(path) });
    }
    return found;
  };

  const received = async ({ receive }: RemoteCopy): Promise<ByteSource> => {
    const incoming = await anyBlob(made.create);
    try {
      await receive(incoming);
      const { hash } = await incoming.writer().finish();
      return (await made.open(hash))!;
    } finally {
      await incoming.writer().discard();
    }
  };

  /** Asks somebody. @returns why it cannot be had there, or null */
  const ask = async (
    { copy, isAgain, failed }: CopysTurn,
    hash: string,
    incoming: IncomingBlob,
  ): Promise<BlockZeroError | null> => {
    try {
      await (copy.attempt?.(incoming, isAgain) ?? copy.receive(incoming));
      return null;
    } catch (thrown) {
      if (!isFetchFault(thrown)) throw thrown;
      failed(thrown);
      const { name: path } = copy;
      if (thrown.code === MISMATCH)
        blame({ path, hash, unreadable: null, isAskedAbout: everyCopy, open: () => received(copy) });
      return thrown;
    }
  };

  const examined = new Set<string>();
  const examine = async (file: FileRequest): Promise<void> => {
    if (!everyCopy || remote === undefined || examined.has(file.hash)) return;
    examined.add(file.hash);
    for await (const turn of inRounds(await remote(file))) await ask(turn, file.hash, checkedBlob(file.hash));
  };

  /** @throws BlockZeroError why it cannot be had, the faults of folders included */
  const fromElsewhere = async (file: FileRequest, inFolders: FolderCopies["faulty"]): Promise<ByteSource> => {
    const { hash } = file;
    const store = cache ?? made;
    const faults = new Map<RemoteCopy, BlockZeroError>();
    for await (const turn of inRounds((await remote?.(file)) ?? [])) {
      hasFetched ||= store === made;
      const incoming = await store.receive(hash);
      try {
        const fault = await ask(turn, hash, incoming);
        if (fault !== null) faults.set(turn.copy, fault);
      } finally {
        await incoming.close();
      }
      const sound = await store.open(hash);
      if (sound !== null) return sound;
    }
    throw nobodyHas(hash, [...inFolders.map(({ fault }) => fault), ...faults.values()]);
  };

  const open = async (request: FileRequest): Promise<ByteSource> => {
    const { hash, maxBytes } = request;
    await examine(request);
    const { sound, faulty } = await inFolders(hash);
    const file = sound ?? (await made.open(hash)) ?? (await fromElsewhere(request, faulty));
    if (file.size <= maxBytes) return file;
    await file.close();
    throw new BlockZeroError(
      "FETCH_TOO_LARGE",
      `${hash} has ${file.size} bytes, at most ${maxBytes}`,
      "ask for what the chain names",
    );
  };

  const located = new Set<string>();
  const locateForNow = async (request: FileRequest): Promise<string> => {
    const { hash } = request;
    await (await open(request)).close();
    const { sound, path } = await inFolders(hash);
    await sound?.close();
    if (path !== null) return path;
    return ((await made.has(hash)) || !cache ? made : cache).path(hash);
  };
  const locate = async (request: FileRequest): Promise<string> => {
    const path = await locateForNow(request);
    located.add(request.hash);
    return path;
  };

  return {
    open,
    locate,
    locateForNow,
    fetch: async (request) => withSource(await open(request), bytesOfSource),
    create: made.create,
    retain: async (hashes) => {
      for await (const hash of made.list()) if (!hashes.has(hash) && !located.has(hash)) await made.delete(hash);
      if (hasFetched) await made.sweep();
    },
    sound: async (hash) => (await inFolders(hash)).sound ?? made.open(hash),
    takeFaulty: () => {
      const found = [...faulty.values()].sort((a, b) => compareTexts(a.path, b.path));
      for (const { path } of found) named.add(path);
      keepNewest(named, MAX_NAMED);
      faulty.clear();
      return found;
    },
    // A fetch that was ended may still have put a file there while the folder goes.
    close: () => rm(scratch, { recursive: true, force: true, maxRetries: CLOSE_RETRIES }),
  };
};

const reopened = async (path: string): Promise<ByteSource> => {
  const file = await openLocalCopy(path);
  if (file === null) throw new BlockZeroError(NOT_FOUND.code, `${path} is gone`, NOT_FOUND.hint);
  return file;
};

/** One fault for all of them; whoever has other bytes is told first. */
const nobodyHas = (hash: string, faults: readonly BlockZeroError[]): BlockZeroError => {
  const isMismatch = ({ code }: BlockZeroError) => code === MISMATCH;
  const [first, ...others] = [...faults.filter(isMismatch), ...faults.filter((fault) => !isMismatch(fault))];
  if (first === undefined) return new BlockZeroError(NOT_FOUND.code, `nobody has ${hash}`, NOT_FOUND.hint);
  const told = [first, ...others].slice(0, FAULTS_TOLD).map(({ message }) => message);
  if (faults.length > FAULTS_TOLD) told.push(`nor ${plural(faults.length - FAULTS_TOLD, "other")}`);
  const { code, hint } = others.every((other) => other.code === first.code) ? first : NOT_FOUND;
  const what = code === MISMATCH ? `every copy of ${hash} is damaged` : `nobody has ${hash}`;
  return new BlockZeroError(code, `${what}: ${told.join("; ")}`, hint);
};
