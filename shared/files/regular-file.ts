import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { ByteSource } from "./byte-source.js";
import { READ_BYTES, readAt } from "./read-at.js";

/** A file open for positioned reads, with its size at opening. Reading throws FILE_SHRANK, FILE_UNREADABLE. */
export interface RegularFile extends ByteSource {
  readonly path: string;
}

/** Opening a pipe without a writer does not block, so the pipe can be refused. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Opens a file. Refuses everything that is not a regular file (a folder, a pipe that would block without end). @throws BlockZeroError
 * FILE_UNREADABLE
 */
export const openRegularFile = async (path: string): Promise<RegularFile> => {
  const file = await attempt(path, () => open(path, READING));
  try {
    const found = await attempt(path, () => file.stat());
    if (!found.isFile()) throw unreadable(path, "not a regular file");
    return {
      path,
      size: found.size,
      fill: (into, position) => fill(file, path, into, position),
      close: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
};

/** The whole of a small file. @throws BlockZeroError FILE_TOO_LARGE, FILE_SHRANK, FILE_UNREADABLE */
export const readSmallFile = async (path: string, maxBytes: number): Promise<Uint8Array> => {
  const file = await openRegularFile(path);
  try {
    if (file.size > maxBytes) throw tooLarge(path, file.size, maxBytes);
    const bytes = new Uint8Array(file.size);
    await file.fill(bytes, 0);
    return bytes;
  } finally {
    await file.close();
  }
};

/** The same, synchronously, for settings that are read before anything else is done. */
export const readSmallFileSync = (path: string, maxBytes: number): Uint8Array => {
  const file = attemptSync(path, () => openSync(path, READING));
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw unreadable(path, "not a regular file");
    if (found.size > maxBytes) throw tooLarge(path, found.size, maxBytes);
    const bytes = new Uint8Array(found.size);
    for (let done = 0; done < bytes.length; ) {
      const bytesRead = attemptSync(path, () =>
        readSync(file, bytes, done, Math.min(bytes.length - done, READ_BYTES), done),
      );
      if (bytesRead === 0) throw shrank(path, done);
      done += bytesRead;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
};

const fill = async (file: FileHandle, path: string, into: Uint8Array, position: number): Promise<void> => {
  const read = await attempt(path, () => readAt(file, into, position));
  if (read < into.length) throw shrank(path, position + read);
};

const attempt = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw unreadable(path, reasonOf(cause), cause);
  }
};

const attemptSync = <T>(path: string, work: () => T): T => {
  try {
    return work();
  } catch (cause) {
    throw unreadable(path, reasonOf(cause), cause);
  }
};

const tooLarge = (path: string, size: number, maxBytes: number) =>
  new BlockZeroError(
    "FILE_TOO_LARGE",
    `${path} has ${size} bytes, at most ${maxBytes} are read`,
    "check that it is the file you mean",
  );

const shrank = (path: string, at: number) =>
  new BlockZeroError(
    "FILE_SHRANK",
    `${path} ended at byte ${at} while it was read: it has shrunk since it was opened`,
    "let whoever writes it finish, then read it again",
  );

const unreadable = (path: string, problem: string, cause?: unknown) =>
  new BlockZeroError("FILE_UNREADABLE", `cannot read ${path}: ${problem}`, "check its name and permissions", { cause });
