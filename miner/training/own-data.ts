import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { JSONL_LIMITS } from "#datasets/jsonl.js";
import { kindOf } from "#shared/documents/formats.js";
import { statFile } from "#shared/documents/stat-file.js";
import { writeJsonl } from "#shared/documents/write-jsonl.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Log } from "#shared/telemetry/log.js";
import type { MinerConfig } from "../config.js";

/**
 * The configuration with documents that training can read in any order: a `data_path` that is compressed, parquet, JSON or text is written out
 * once as JSON Lines in the miner's home, and again when the file has changed. What is JSON Lines or a pack stays where it is.
 *
 * @throws BlockZeroError DATASET_NOT_FOUND, DATASET_EMPTY, DATASET_TOO_LARGE, and what reading it throws
 */
export const withOwnData = async (
  config: MinerConfig,
  home: string,
  log: Pick<Log, "info" | "warn">,
  signal?: AbortSignal,
): Promise<MinerConfig> => {
  const { data_path: path } = config;
  if (path === undefined) return config;
  const kind = kindOf(path);
  if (kind?.format === "jsonl" && kind.compression === "none") warnIfFew(path, linesOfSmall(path), log);
  const isWrittenOut = kind !== null && !(kind.format === "jsonl" && kind.compression === "none");
  if (!isWrittenOut) return config;
  const { size, mtimeMs } = statFile(path);
  const folder = join(home, "data");
  const name = `${sha256(Buffer.from(`${path}\n${size}\n${mtimeMs}`))}.jsonl`;
  const out = join(folder, name);
  ensureFolderSync(folder);
  for (const other of readdirSync(folder)) if (other !== name) rmSync(join(folder, other), { force: true });
  if (!existsSync(out)) {
    const { documents, skipped, reason } = await writeJsonl({ path, out, field: "text", limits: JSONL_LIMITS, signal });
    log.info("data_path written out", { path, documents });
    if (skipped > 0) log.warn("rows of data_path left out", { path, rows: skipped, first: reason });
    warnIfFew(path, documents, log);
  }
  return { ...config, data_path: out };
};

/** Fewer documents are learnt by heart within a cycle, which raises the loss on other text. */
const FEW = 100;
/** Larger files are taken to have enough. */
const SMALL_BYTES = 1 << 20;

const warnIfFew = (path: string, documents: number, log: Pick<Log, "warn">): void => {
  if (documents < FEW)
    log.warn("data_path has few documents", {
      code: "DATA_FEW",
      path,
      documents,
      hint: `a model learns fewer than ${FEW} by heart; give more, one {"text": …} a line, or a smaller data_weight`,
    });
};

/** Lines with something in them; infinitely many of a large file. */
const linesOfSmall = (path: string): number =>
  statFile(path).size > SMALL_BYTES
    ? Number.POSITIVE_INFINITY
    : readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line.trim() !== "").length;
