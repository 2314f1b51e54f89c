import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { z } from "zod";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import { hashSchema } from "#shared/protocol/hash.js";
import type { ShardRef } from "#shared/protocol/pack-manifest.js";

const lineSchema = z.object({
  shard: z.int().min(0),
  ref: z
    .object({ hash: hashSchema, bytes: z.int(), documents: z.int(), tokens: z.int(), text_bytes: z.int() })
    .nullable(),
});

/** Which shards are stored, kept in a file of one line a shard: a line that was cut short does not count. */
export interface ShardLog {
  /** Null for one that has no tokens; undefined for one that is yet to be made. */
  get(shard: number): ShardRef | null | undefined;
  set(shard: number, ref: ShardRef | null): void;
  close(): void;
}

export const openShardLog = (path: string): ShardLog => {
  const known = new Map<number, ShardRef | null>();
  for (const line of (readFileIfAny(path) ?? "").split("\n")) {
    const found = parseLine(line);
    if (found) known.set(found.shard, found.ref);
  }
  const file = openSync(path, "a", 0o600);
  return {
    get: (shard) => known.get(shard),
    set: (shard, ref) => {
      known.set(shard, ref);
      writeSync(file, `\n${JSON.stringify({ shard, ref })}`);
      fsyncSync(file);
    },
    close: () => closeSync(file),
  };
};

const parseLine = (line: string): z.infer<typeof lineSchema> | null => {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
};
