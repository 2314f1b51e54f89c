import { z } from "zod";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import { bestEffortLines } from "#shared/files/best-effort-lines.js";
import { hashSchema } from "#shared/protocol/hash.js";

/** Where a participant keeps in which cycle its blobs were used last, in its home. */
export const USED_FILE = "used.jsonl";

/** In which cycle each blob was used last, kept across a restart. A disk that takes nothing costs no more than that. */
export interface UsedCycles {
  /** By hash, in the order of use. */
  readonly known: ReadonlyMap<string, number>;
  /** A blob was used. */
  add(blob: string, cycle: number): void;
  /** Writes all of them anew. */
  replace(used: Iterable<readonly [blob: string, cycle: number]>): void;
}

const lineSchema = z.object({ blob: hashSchema, cycle: z.int().min(0) });

/** Opens the file, which need not exist, one JSON object a line. What cannot be read is left out. */
export const openUsedCycles = (path: string): UsedCycles => {
  const known = new Map<string, number>();
  for (const line of readLines(path)) {
    const parsed = parse(line);
    if (parsed === undefined) continue;
    known.delete(parsed.blob);
    known.set(parsed.blob, parsed.cycle);
  }
  const lines = bestEffortLines(path);
  return {
    known,
    add: (blob, cycle) => lines.append(lineOf(blob, cycle)),
    replace: (used) => lines.replace([...used].map(([blob, cycle]) => lineOf(blob, cycle))),
  };
};

const lineOf = (blob: string, cycle: number): string => JSON.stringify({ blob, cycle });

const readLines = (path: string): readonly string[] => {
  try {
    return (readFileIfAny(path) ?? "").split("\n");
  } catch {
    return [];
  }
};

const parse = (line: string): z.infer<typeof lineSchema> | undefined => {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
};
