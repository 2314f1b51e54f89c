import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryStore, type LocalStore } from "#shared/artifact/blob-store.js";
import { type ByteSource, bytesOfSource, hashOfSource, withSource } from "#shared/artifact/byte-source.js";
import type { IncomingBlob } from "#shared/artifact/incoming-blob.js";
import { openRegularFile } from "#shared/artifact/regular-file.js";
import type { BlobWriter } from "#shared/artifact/store/blob-writer.js";
import { BlockZeroError } from "#shared/errors.js";
import type { FileRequest } from "#shared/replay/source.js";
import { anyBlob, checkedBlob, type RemoteCopies, type RemoteCopy } from "./remote-copies.js";

/** A file whose bytes do not have the hash it is kept under. */
export interface DamagedFile {
  /** Its path, or where it is served. */
  readonly path: string;
  readonly hash: string;
  /** Its bytes as they are. Close it. @throws BlockZeroError FETCH_… where a server does not give it again */
  open(): Promise<ByteSource>;
}

/** The files of a subnet, looked at from outside: every copy is checked, none is changed. */
export interface SubnetFiles {
  /** Sound bytes, from a folder or from whoever serves them. @throws BlockZeroError FETCH_… where there are none */
  fetch(file: FileRequest): Promise<Uint8Array>;
  /** The same of a file that may be larger than memory. Close it. */
  open(file: FileRequest): Promise<ByteSource>;
  /** Begins a file that is recomputed, which counts as having been had. */
  create(): Promise<BlobWriter>;
  /** Forgets what was recomputed, but for these. */
  retain(hashes: ReadonlySet<string>): Promise<void>;
  /** A sound copy that is at hand, or null. Close it. */
  sound(hash: string): Promise<ByteSource | null>;
  /** The damaged copies that were come across since the last call; each is given once. */
  takeDamaged(): readonly DamagedFile[];
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
}

const NOT_FOUND = { code: "FETCH_NOT_FOUND", hint: "ask sooner, or where it is kept" } as const;

/** Of those who do not have a file, so many are told about. */
const FAULTS_TOLD = 3;

export const openSubnetFiles = ({ folders, remote, everyCopy, cache }: SubnetFilesOptions): SubnetFiles => {
  const scratch = join(tmpdir(), `blockzero-files-${randomUUID()}`);
  const made = directoryStore(scratch);
  const damaged = new Map<string, DamagedFile>();
  const named = new Set<string>();

  const copies = async (hash: string): Promise<ByteSource | null> => {
    let sound: ByteSource | null = null;
    for (const folder of folders) {
      const path = join(folder, hash.slice(0, 2), hash);
      if (!existsSync(path)) continue;
      const file = await openRegularFile(path);
      const isSound = (await hashOfSource(file)) === hash;
      if (isSound && sound === null) {
        sound = { ...file, hash };
        continue;
      }
      await file.close();
      if (!isSound && !named.has(path)) damaged.set(path, { path, hash, open: () => openRegularFile(path) });
    }
    return sound;
  };

  const blame = ({ name, receive }: RemoteCopy, hash: string): void => {
    if (named.has(name)) return;
    const open = async (): Promise<ByteSource> => {
      const incoming = await anyBlob(made.create);
      try {
        await receive(incoming);
        const { hash } = await incoming.writer().finish();
        return (await made.open(hash))!;
      } finally {
        await incoming.writer().discard();
      }
    };
    damaged.set(name, { path: name, hash, open });
  };

  /** Asks somebody. @returns why it cannot be had there, or null */
  const ask = async (copy: RemoteCopy, hash: string, incoming: IncomingBlob): Promise<BlockZeroError | null> => {
    try {
      await copy.receive(incoming);
      return null;
    } catch (thrown) {
      if (!(thrown instanceof BlockZeroError) || !thrown.code.startsWith("FETCH_")) throw thrown;
      if (thrown.code === "FETCH_HASH_MISMATCH") blame(copy, hash);
      return thrown;
    }
  };

  const sound = async (hash: string): Promise<ByteSource | null> => (await copies(hash)) ?? (await made.open(hash));

  const examined = new Set<string>();
  const examine = async (file: FileRequest): Promise<void> => {
    if (!everyCopy || remote === undefined || examined.has(file.hash)) return;
    examined.add(file.hash);
    for (const copy of await remote(file)) await ask(copy, file.hash, checkedBlob(file.hash));
  };

  /** @throws BlockZeroError why those who were asked do not have it */
  const received = async (file: FileRequest): Promise<ByteSource> => {
    const { hash } = file;
    const store = cache ?? made;
    const faults: BlockZeroError[] = [];
    for (const copy of (await remote?.(file)) ?? []) {
      const incoming = await store.receive(hash);
      try {
        const fault = await ask(copy, hash, incoming);
        if (fault !== null) faults.push(fault);
      } finally {
        await incoming.close();
      }
      const found = await store.open(hash);
      if (found !== null) return found;
    }
    throw nobodyHas(hash, faults);
  };

  const nobodyHas = (hash: string, faults: readonly BlockZeroError[]): BlockZeroError => {
    const isDamaged = [...damaged.keys(), ...named].some((path) => path.endsWith(hash));
    if (isDamaged)
      return new BlockZeroError("FETCH_HASH_MISMATCH", `every copy of ${hash} is damaged`, "restore it from elsewhere");
    const told = faults.slice(0, FAULTS_TOLD).map(({ message }) => message);
    if (faults.length > FAULTS_TOLD) told.push(`nor ${faults.length - FAULTS_TOLD} others`);
    const why = told.length === 0 ? "" : `: ${told.join("; ")}`;
    const [first] = faults;
    const isShared = first !== undefined && faults.every(({ code }) => code === first.code);
    const { code, hint } = isShared ? first : NOT_FOUND;
    return new BlockZeroError(code, `nobody has ${hash}${why}`, hint);
  };

  const open = async (request: FileRequest): Promise<ByteSource> => {
    const { hash, maxBytes } = request;
    await examine(request);
    const file = (await sound(hash)) ?? (await received(request));
    if (file.size <= maxBytes) return file;
    await file.close();
    throw new BlockZeroError(
      "FETCH_TOO_LARGE",
      `${hash} has ${file.size} bytes, at most ${maxBytes}`,
      "ask for what the chain names",
    );
  };

  return {
    open,
    fetch: async (request) => withSource(await open(request), bytesOfSource),
    create: made.create,
    retain: async (hashes) => {
      for await (const hash of made.list()) if (!hashes.has(hash)) await made.delete(hash);
    },
    sound,
    takeDamaged: () => {
      const found = [...damaged.values()];
      for (const { path } of found) named.add(path);
      damaged.clear();
      return found;
    },
    close: () => rm(scratch, { recursive: true, force: true }),
  };
};
