import { renameSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { syncFolder } from "#shared/files/sync-folder.js";
import { readRows } from "./read-rows.js";

export interface WrittenJsonl {
  readonly documents: number;
  /** Rows without a text that is not empty. */
  readonly skipped: number;
}

/**
 * Writes the texts of a file of any format as JSON Lines, whole or not at all.
 *
 * @param field of a row that has its text
 * @throws BlockZeroError as `readRows`
 */
export const writeJsonl = async (path: string, out: string, field: string): Promise<WrittenJsonl> => {
  ensureFolderSync(dirname(out));
  const temporary = `${out}.tmp`;
  const file = await open(temporary, "w", 0o600);
  let documents = 0;
  let skipped = 0;
  try {
    for await (const rows of readRows({ path, fields: [field] })) {
      const lines: string[] = [];
      for (const row of rows) {
        const text = row.ok ? textOf(row.value, field) : null;
        if (text === null) skipped++;
        else lines.push(`${JSON.stringify({ text })}\n`);
      }
      documents += lines.length;
      await file.appendFile(lines.join(""));
    }
    await file.sync();
  } finally {
    await file.close();
  }
  renameSync(temporary, out);
  await syncFolder(dirname(out));
  return { documents, skipped };
};

const textOf = (value: unknown, field: string): string | null => {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, field)) return null;
  const text = (value as Readonly<Record<string, unknown>>)[field];
  return typeof text === "string" && text !== "" ? text : null;
};
