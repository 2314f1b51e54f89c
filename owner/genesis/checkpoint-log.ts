import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import type { LocalStore } from "#shared/blobs/blob-store.js";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import { CONFIG_FILE } from "#shared/model/checkpoint-layout.js";
import type { OpenCheckpoint } from "#shared/model/checkpoint-reader.js";
import { hashSchema, sha256 } from "#shared/protocol/hash.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import { type BlobRef, blobSchema } from "#shared/protocol/model-manifest.js";

/** In a genesis' home, until its network file is there. */
const LOG_FILE = "from-checkpoint.jsonl";

/**
 * What was done of a checkpoint, so that a genesis that was stopped goes on: a line for each blob that is stored and each measurement, under a key
 * that no other checkpoint, and no change of this one's files, has. A line that was cut short does not count.
 */
export interface CheckpointLog {
  /** A blob by the header of its file: as it lies in the store, or as `write` stores it. */
  blob(header: Uint8Array, write: () => Promise<BlobRef>): Promise<BlobRef>;
  /** Losses by all that they depend on beside the checkpoint: as they were measured before, or as `measure` does. */
  losses(of: string, measure: () => Promise<readonly number[]>): Promise<readonly number[]>;
  close(): void;
}

const lineSchema = z.union([
  z.strictObject({ key: hashSchema, blob: blobSchema }),
  z.strictObject({ key: hashSchema, losses: z.array(z.number()).readonly() }),
]);

type Line = z.infer<typeof lineSchema>;

/** Close it. @param store that the blobs are in, whose files are whole or not there */
export const openCheckpointLog = async (
  home: string,
  checkpoint: Pick<OpenCheckpoint, "dir" | "tensors">,
  store: Pick<LocalStore, "size">,
): Promise<CheckpointLog> => {
  const path = join(home, LOG_FILE);
  const known = new Map<string, Line>();
  for (const text of (readFileIfAny(path) ?? "").split("\n")) {
    const line = parseLine(text);
    if (line) known.set(line.key, line);
  }
  const identity = await identityOf(checkpoint);
  const keyOf = (what: string, of: string) => hashJson([identity, what, of]);
  const file = openSync(path, "a", 0o600);
  const add = (line: Line): void => {
    known.set(line.key, line);
    writeSync(file, `\n${JSON.stringify(line)}`);
    fsyncSync(file);
  };
  return {
    blob: async (header, write) => {
      const key = keyOf("blob", sha256(header));
      const line = known.get(key);
      if (line && "blob" in line && (await store.size(line.blob.hash)) === line.blob.bytes) return line.blob;
      const blob = await write();
      add({ key, blob });
      return blob;
    },
    losses: async (of, measure) => {
      const key = keyOf("losses", of);
      const line = known.get(key);
      if (line && "losses" in line) return line.losses;
      const losses = await measure();
      // JSON has no other numbers.
      if (losses.every(Number.isFinite)) add({ key, losses });
      return losses;
    },
    close: () => closeSync(file),
  };
};

/** Once the network file is there. */
export const removeCheckpointLog = (home: string): void => rmSync(join(home, LOG_FILE), { force: true });

/**
 * Names, sizes and times of change of a checkpoint's files. Whoever writes to a file changes the last of its times, also where he sets the others
 * back.
 */
const identityOf = async ({ dir, tensors }: Pick<OpenCheckpoint, "dir" | "tensors">): Promise<string> => {
  const paths = new Set([join(dir, CONFIG_FILE), ...[...tensors.values()].map(({ file }) => file.path)]);
  const files: string[] = [];
  for (const path of [...paths].sort()) {
    const { size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    files.push(`${basename(path)} ${size} ${mtimeNs} ${ctimeNs}`);
  }
  return hashJson(files);
};

const parseLine = (text: string): Line | null => {
  try {
    return lineSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
};
