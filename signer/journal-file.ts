import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";

/** The file of a journal, one JSON object a line, in which a line that was written stays, whatever happens. */
export interface JournalFile {
  /** Adds a line, which is on disk when this returns. @throws BlockZeroError SIGNER_JOURNAL_FAILED */
  append(line: object): void;
  /** Replaces all lines. Where the new ones cannot be written, the old ones stay. @throws BlockZeroError SIGNER_JOURNAL_FAILED if they are lost */
  replace(lines: readonly object[]): void;
  /** @throws BlockZeroError SIGNER_JOURNAL_FAILED if it is not known any more whether the open file is the one that is found after a restart */
  refuseIfLost(): void;
  close(): void;
}

/** Whole lines, and how many bytes they take. */
export interface WholeLines {
  readonly lines: readonly object[];
  readonly length: number;
}

export interface JournalFileOptions {
  readonly path: string;
  /** What of the file is whole: the rest goes. */
  readonly whole: WholeLines;
  /** Makes what was written durable. */
  readonly sync: (file: number) => void;
}

/**
 * The whole lines of a journal; null if there is no file. A line that a crash cut off is the last one, and its signature was never given: it is left
 * out.
 *
 * @throws BlockZeroError JOURNAL_MALFORMED, SIGNER_JOURNAL_FAILED
 */
export const readJournalFile = (path: string): WholeLines | null => failing(path, () => wholeLines(path));

/** Begins a journal with these lines. @throws BlockZeroError SIGNER_JOURNAL_FAILED */
export const beginJournalFile = (path: string, lines: readonly object[]): WholeLines => {
  const text = textOf(lines);
  failing(path, () => writeFileAtomic(path, text));
  return { lines, length: Buffer.byteLength(text) };
};

/** Opens the file of a journal that was read or begun. @throws BlockZeroError SIGNER_JOURNAL_FAILED */
export const openJournalFile = ({ path, whole, sync }: JournalFileOptions): JournalFile => {
  let file = failing(path, () => openSync(path, "r+"));
  let { length } = whole;
  let isTorn = true;
  /** Why the open file may not be the one at `path` any more. */
  let lost: unknown;

  /** Whether the open file is the one at `path`. */
  const isInPlace = (): boolean => {
    const there = statSync(path, { throwIfNoEntry: false });
    const own = fstatSync(file);
    return there?.ino === own.ino && there.dev === own.dev;
  };

  /** What is written to a file that others have moved, removed or changed is not there after a restart. */
  const mustBeInPlace = (): void => {
    const isSame = isInPlace();
    if (isSame && (isTorn || fstatSync(file).size === length)) return;
    throw new BlockZeroError(
      "SIGNER_JOURNAL_FAILED",
      `${path} was ${isSame ? "changed by another program" : "moved or removed"} while the signer uses it`,
      "stop the signer and put the file back; without it wait for the cycle's end before starting anew",
    );
  };

  /** Cuts off what a failed write left. Whatever stands there, its signature was never given. */
  const mend = (): void => {
    if (!isTorn) return;
    ftruncateSync(file, length);
    sync(file);
    isTorn = false;
  };

  const append = (object: object): void => {
    mustBeInPlace();
    mend();
    const line = Buffer.from(textOf([object]));
    isTorn = true;
    for (let done = 0; done < line.length; ) done += writeSync(file, line, done, line.length - done, length + done);
    sync(file);
    isTorn = false;
    length += line.length;
  };

  const replace = (lines: readonly object[]): void => {
    const text = textOf(lines);
    try {
      writeFileAtomic(path, text);
      const former = file;
      file = openSync(path, "r+");
      closeSync(former);
    } catch (thrown) {
      if (isInPlace()) return;
      lost = thrown;
      throw thrown;
    }
    length = Buffer.byteLength(text);
  };

  failing(path, mend);

  return {
    append: (line) => failing(path, () => append(line)),
    replace: (lines) => failing(path, () => replace(lines)),
    refuseIfLost: () => {
      if (lost !== undefined) throw failed(path, lost);
    },
    close: () => closeSync(file),
  };
};

const textOf = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

const wholeLines = (path: string): WholeLines | null => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
  const lines: object[] = [];
  let length = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    const line = end === -1 ? undefined : parsedLine(bytes.subarray(start, end));
    if (line === undefined) {
      // Only what was being written when the machine stopped may be unreadable, and nothing was written after it.
      const isLast = end === -1 || !hasLine(bytes.subarray(end + 1));
      if (!isLast) throw malformed(path, `line ${lines.length + 1} cannot be read, and others follow it`);
      break;
    }
    lines.push(line);
    length = end + 1;
    start = end + 1;
  }
  return { lines, length };
};

const parsedLine = (bytes: Uint8Array): object | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
};

const hasLine = (bytes: Buffer): boolean =>
  bytes
    .toString("utf8")
    .split("\n")
    .some((line) => parsedLine(Buffer.from(line)) !== undefined);

const failing = <T>(path: string, work: () => T): T => {
  try {
    return work();
  } catch (thrown) {
    throw thrown instanceof BlockZeroError ? thrown : failed(path, thrown);
  }
};

const failed = (path: string, cause: unknown): BlockZeroError =>
  new BlockZeroError(
    "SIGNER_JOURNAL_FAILED",
    `${path} cannot be written: ${reasonOf(cause)}`,
    "free space there, or let this user write it, then start the signer anew",
    { cause },
  );

export const malformed = (path: string, problem: string): BlockZeroError =>
  new BlockZeroError(
    "JOURNAL_MALFORMED",
    `${path}: ${problem}`,
    "restore it from a backup; without it a cycle may be signed twice: then wait for the cycle's end before starting anew",
  );
