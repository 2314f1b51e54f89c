import { renameSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { syncFolder } from "#shared/files/sync-folder.js";
import { readRows } from "./read-rows.js";
import type { Row } from "./row.js";

export interface WrittenJsonl {
  readonly documents: number;
  /** Rows without a text that is not empty, or whose line would be too long. */
  readonly skipped: number;
  /** Why the first of them was skipped. */
  readonly reason?: string | undefined;
}

export interface WriteJsonl {
  /** What is read. */
  readonly path: string;
  readonly out: string;
  /** Of a row that has its text. */
  readonly field: string;
  /** Of the file that is written, and of its lines, their ends left out. */
  readonly limits: { readonly fileBytes: number; readonly lineBytes: number; readonly lines: number };
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the texts of a file of any format as JSON Lines, whole or not at all: what was written before a fault is removed.
 *
 * @throws BlockZeroError as `readRows`; DATASET_TOO_LARGE, DATASET_EMPTY
 */
export const writeJsonl = async (options: WriteJsonl): Promise<WrittenJsonl> => {
  const { out } = options;
  ensureFolderSync(dirname(out));
  const temporary = `${out}.tmp`;
  let written: WrittenJsonl;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      written = await writeTo(file, options);
      await file.sync();
    } finally {
      await file.close();
    }
    renameSync(temporary, out);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    throw thrown;
  }
  await syncFolder(dirname(out));
  return written;
};

const writeTo = async (
  file: Pick<FileHandle, "appendFile">,
  { path, field, limits, signal }: WriteJsonl,
): Promise<WrittenJsonl> => {
  let documents = 0;
  let bytes = 0;
  let skipped = 0;
  let reason: string | undefined;
  for await (const rows of readRows({ path, fields: [field], signal })) {
    signal?.throwIfAborted();
    const lines: string[] = [];
    for (const row of rows) {
      const line = lineOf(row, field, limits.lineBytes);
      if ("problem" in line) {
        skipped++;
        reason ??= line.problem;
        continue;
      }
      documents++;
      bytes += line.bytes + 1;
      if (documents > limits.lines) throw tooLarge(path, `${limits.lines} documents`);
      if (bytes > limits.fileBytes) throw tooLarge(path, `${limits.fileBytes} bytes, written out`);
      lines.push(`${line.text}\n`);
    }
    await file.appendFile(lines.join(""));
  }
  if (documents === 0)
    throw new BlockZeroError(
      "DATASET_EMPTY",
      `${path} holds no document${reason === undefined ? "" : `: ${reason}`}`,
      'write one {"text": …} a row',
    );
  return { documents, skipped, reason };
};

const lineOf = (
  row: Row,
  field: string,
  most: number,
): { readonly text: string; readonly bytes: number } | { readonly problem: string } => {
  if (!row.ok) return { problem: row.problem };
  const text = textOf(row.value, field);
  if (text === null) return { problem: `no text in "${field}"` };
  const line = JSON.stringify({ text });
  const bytes = Buffer.byteLength(line);
  return bytes > most ? { problem: `longer than ${most} bytes as a line of JSON` } : { text: line, bytes };
};

const textOf = (value: unknown, field: string): string | null => {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, field)) return null;
  const text = (value as Readonly<Record<string, unknown>>)[field];
  return typeof text === "string" && text !== "" ? text : null;
};

const tooLarge = (path: string, most: string): BlockZeroError =>
  new BlockZeroError(
    "DATASET_TOO_LARGE",
    `${path} has more than ${most}`,
    "make a pack of it with `blockzero data pack`, and name the pack's folder",
  );
