import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { appendLine } from "../append-line.js";
import { spellOut } from "../metrics.js";

/** What the service shows beside a run. */
export interface RunDescription {
  readonly project: string;
  /** The team or user; the key's own where it is not given. */
  readonly entity?: string | undefined;
  readonly name: string;
  readonly group?: string | undefined;
  readonly jobType?: string | undefined;
  readonly tags: readonly string[];
  readonly notes?: string | undefined;
  readonly config: Readonly<Record<string, unknown>>;
}

/** One hotkey's run and how much of it the service has. It outlives the program, so that a restart goes on with the same run. */
export interface RunState extends RunDescription {
  readonly id: string;
  /** Rows that the service has taken, all programs' starts together. */
  readonly sentRows: number;
  /** Bytes of the history file that these rows end at. */
  readonly sentBytes: number;
  /** How often the history file was begun anew. */
  readonly renewals: number;
  /** The last value of each metric. */
  readonly summary: Readonly<Record<string, unknown>>;
}

const STATE = "run.json";
const HISTORY = "history.jsonl";
/** A history of which everything was sent is begun anew above this size. */
const COMPACT_BYTES = 8 << 20;
/** No more is kept for a service that takes nothing. */
const MAX_BYTES = 256 << 20;
/** Read at once, and the most that a row may have. */
const PIECE_BYTES = 128 << 10;
const MAX_ROW_BYTES = 1 << 20;

export const historyFile = (folder: string): string => join(folder, HISTORY);

/** A run's state, or null where there is none that can be read. */
export const readRun = (folder: string): RunState | null => {
  try {
    const state: Partial<RunState> = JSON.parse(readFileSync(join(folder, STATE), "utf8"));
    const { id, project, name, sentRows, sentBytes } = state;
    if (typeof id !== "string" || !/^[\w-]{1,64}$/.test(id)) return null;
    if (typeof project !== "string" || typeof name !== "string") return null;
    if (!Number.isSafeInteger(sentRows) || !Number.isSafeInteger(sentBytes)) return null;
    return { tags: [], config: {}, summary: {}, renewals: 0, ...state } as RunState;
  } catch {
    return null;
  }
};

/** Replaces a run's state. @throws what writing throws */
export const writeRun = (folder: string, state: RunState): void => {
  const file = join(folder, STATE);
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
};

/** Empties the history file, of which everything was sent. Where a crash leaves the old state, its bytes are more than the file has. */
const beginAnew = (folder: string, descriptor: number, state: RunState): void => {
  ftruncateSync(descriptor, 0);
  writeRun(folder, { ...state, sentBytes: 0, renewals: state.renewals + 1 });
};

/** The end of a run that rows are added to. */
export interface RunWriter {
  /** @throws what writing throws */
  append(row: object): void;
  close(): void;
}

/**
 * Opens the run of a folder, or begins it. Its history file is begun anew above 8 MiB when the service has all of it. What describes it is as given
 * now; its id stays.
 *
 * @param id the run's id where it is new
 * @throws what writing throws
 */
export const openRun = (
  folder: string,
  description: RunDescription,
  id: string = randomBytes(8).toString("hex"),
): RunWriter => {
  ensureFolderSync(folder);
  const known = readRun(folder);
  const none = { sentRows: 0, sentBytes: 0, renewals: 0, summary: {} };
  const state: RunState = { ...none, ...known, ...description, id: known?.id ?? id };
  const history = historyFile(folder);
  const descriptor = openSync(history, "a");
  const { size } = fstatSync(descriptor);
  const isNew = state.sentBytes > size || (state.sentBytes === size && size > COMPACT_BYTES);
  if (isNew) beginAnew(folder, descriptor, state);
  else writeRun(folder, state);
  let bytes = isNew ? 0 : size;
  const compact = () => {
    const kept = readRun(folder);
    if (kept?.sentBytes !== bytes) return;
    beginAnew(folder, descriptor, kept);
    bytes = 0;
  };
  return {
    append(row) {
      const line = JSON.stringify(row, spellOut);
      if (bytes > COMPACT_BYTES) compact();
      if (bytes + line.length > MAX_BYTES) throw new Error(`${history} has ${MAX_BYTES} bytes that nobody took`);
      bytes += appendLine(descriptor, line);
    },
    close: () => closeSync(descriptor),
  };
};

export interface Piece {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Byte at which each row ends. */
  readonly ends: readonly number[];
}

/** The whole rows of a history from a byte on, of one piece of the file, at least one where there is one. Lines that are no rows are left out. */
export const readRows = (folder: string, from: number): Piece => {
  const history = historyFile(folder);
  if (!existsSync(history)) return { rows: [], ends: [] };
  const some = readPiece(history, from, PIECE_BYTES);
  return some.rows.length > 0 ? some : readPiece(history, from, MAX_ROW_BYTES);
};

const readPiece = (history: string, from: number, size: number): Piece => {
  const rows: Record<string, unknown>[] = [];
  const ends: number[] = [];
  const descriptor = openSync(history, "r");
  try {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(size, fstatSync(descriptor).size - from)));
    const text = bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, from));
    let start = 0;
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, start)) {
      try {
        const row: unknown = JSON.parse(text.toString("utf8", start, end));
        if (typeof row === "object" && row !== null) {
          rows.push({ ...row });
          ends.push(from + end + 1);
        }
      } catch {
        // A row of which a crash left a part.
      }
      start = end + 1;
    }
    return { rows, ends };
  } finally {
    closeSync(descriptor);
  }
};
