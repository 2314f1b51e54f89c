import type { BigIntStats } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { packageInfo } from "#shared/cli/package-info.js";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import { writeAt } from "#shared/files/write-at.js";
import { writing } from "#shared/files/writing.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { removeWhole, writeDocument } from "#shared/own-program/job-folder.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import { type RunPlace, shardIdentity } from "#shared/shard-training/run-identity.js";
import { fromFloats } from "#shared/tensor-files/float32.js";
import { placeInFile } from "#shared/tensor-files/place-in-file.js";
import type { JobPaths } from "./job.js";
import { type ShardTensors, type ShardWeights, shardTensors, writeShard } from "./shard-folder.js";

const recordSchema = z.object({
  identity: z.string(),
  /** Of each file of the folder what changes with whatever is done to it. */
  files: z.record(z.string(), z.string()),
  /** Of each tensor what its elements are of; null where nobody knows. */
  versions: z.record(z.string(), z.string().nullable()),
});

/**
 * Brings the shard's folder up to date: tensors that are of another version are written where they lie, and the whole folder where it is another
 * shard's or a file of it was touched.
 *
 * @param stop asked before each tensor that is written
 * @returns whether the shard is there
 * @throws BlockZeroError as `writeShard`
 */
export const keepShard = async (
  { shard: dir, shardRecord }: Pick<JobPaths, "shard" | "shardRecord">,
  place: RunPlace,
  weights: ShardWeights,
  stop: () => boolean,
): Promise<boolean> => {
  const { network, group } = place;
  const identity = hashJson({ shard: shardIdentity(place), data: network.data, blockzero: packageInfo.version });
  const tensors = shardTensors(network, group, weights);
  const versions = Object.fromEntries(tensors.names.map((name) => [name, tensors.version(name)]));
  const known = readRecord(shardRecord);
  const isSound = known?.identity === identity && hashJson(known.files) === hashJson(await filesOf(dir));
  const isOld = (name: string) => versions[name] === null || known?.versions[name] !== versions[name];
  const old = isSound ? tensors.names.filter(isOld) : tensors.names;
  if (old.length === 0) return true;
  // A miner that ends before it is written again writes the shard whole.
  await removeWhole(shardRecord);
  if (!isSound && !(await writeShard(dir, network, group, weights, stop))) return false;
  if (isSound && !(await writeInPlace(dir, tensors, old, stop))) return false;
  await writeDocument(shardRecord, { identity, files: await filesOf(dir), versions });
  return true;
};

/** Writes some tensors over what a whole folder has of them. */
const writeInPlace = async (
  dir: string,
  { config, read }: ShardTensors,
  names: readonly string[],
  stop: () => boolean,
): Promise<boolean> => {
  const checkpoint = await openCheckpoint(dir, { model: config });
  await checkpoint.close();
  const places = names.map((name) => {
    const { file, name: stored, shape, from } = checkpoint.tensors.get(name)!;
    return { name, ...placeInFile(file, stored, { shape, from }) };
  });
  for (const path of new Set(places.map((place) => place.path))) {
    const file = await writing(path, () => open(path, "r+"));
    try {
      for (const { name, offset } of places.filter((place) => place.path === path)) {
        if (stop()) return false;
        const { data } = fromFloats(await read(name));
        await writing(path, () => writeAt(file, data, offset));
      }
      await writing(path, () => file.datasync());
    } finally {
      await file.close();
    }
  }
  return true;
};

/** By name what changes when a file is written, replaced, renamed, or its times are set; empty for a folder there is not. */
const filesOf = async (dir: string): Promise<Readonly<Record<string, string>>> => {
  const found: Record<string, string> = {};
  for (const name of (await readdir(dir).catch(() => [])).sort()) {
    const stats: BigIntStats | null = await lstat(join(dir, name), { bigint: true }).catch(() => null);
    found[name] = stats?.isFile() ? `${stats.dev} ${stats.ino} ${stats.size} ${stats.ctimeNs}` : "no file";
  }
  return found;
};

const readRecord = (path: string): z.infer<typeof recordSchema> | null => {
  const text = readFileIfAny(path);
  if (text === null) return null;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
};
