import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { kindOf } from "#shared/documents/formats.js";
import { writeJsonl } from "#shared/documents/write-jsonl.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Log } from "#shared/telemetry/log.js";
import type { MinerConfig } from "../config.js";

/**
 * The configuration with documents that training can read in any order: a `data_path` that is compressed, parquet, JSON or text is written out
 * once as JSON Lines in the miner's home, and again when the file has changed. What is JSON Lines or a pack stays where it is.
 *
 * @throws BlockZeroError DATASET_NOT_FOUND, and what reading it throws
 */
export const withOwnData = async (config: MinerConfig, home: string, log: Pick<Log, "info">): Promise<MinerConfig> => {
  const { data_path: path } = config;
  if (path === undefined) return config;
  const kind = kindOf(path);
  const isWrittenOut = kind !== null && !(kind.format === "jsonl" && kind.compression === "none");
  if (!isWrittenOut) return config;
  const { size, mtimeMs } = statAt(path);
  const folder = join(home, "data");
  const name = `${sha256(Buffer.from(`${path}\n${size}\n${mtimeMs}`))}.jsonl`;
  const out = join(folder, name);
  if (!existsSync(out)) {
    const { documents, skipped } = await writeJsonl(path, out, "text");
    log.info("data_path written out", { path, documents, skipped });
  }
  for (const other of readdirSync(folder)) if (other !== name) rmSync(join(folder, other), { force: true });
  return { ...config, data_path: out };
};

const statAt = (path: string) => {
  try {
    return statSync(path);
  } catch (cause) {
    throw new BlockZeroError(
      "DATASET_NOT_FOUND",
      `cannot open the data file ${path}: ${reasonOf(cause)}`,
      "check the path: in a file it is relative to that file, elsewhere to the current folder",
      { cause },
    );
  }
};
