import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Genesis, hashGenesis } from "#shared/chain/devchain/genesis.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import type { Log } from "#shared/telemetry/log.js";
import { type Block, blockSchema } from "./block.js";

/** The blocks of one chain in a home folder, as JSON lines. The first line names the genesis. Lines are only appended. */
export interface BlockLog {
  /** Durable once it returns. Throws `BlockZeroError` CHAIN_LOG_WRITE, and then leaves nothing half-written. */
  append(blocks: readonly Block[]): void;
  /** Removes the newest block, durably, and returns it. Throws `BlockZeroError` CHAIN_LOG_WRITE. */
  pop(): Block;
  close(): void;
}

const NEWLINE = 0x0a;
const firstLineSchema = z.strictObject({ genesis: z.string() });

/**
 * Opens a home and replays its blocks in order. Cuts off a half-written end, for example after a crash, with a warning. Throws
 * `BlockZeroError` GENESIS_MISMATCH, CHAIN_LOG_CORRUPT.
 */
export const openBlockLog = (home: string, genesis: Genesis, log: Log, replay: (block: Block) => void): BlockLog => {
  ensureFolderSync(home);
  const path = join(home, "blocks.jsonl");
  const file = openSync(path, "a+");
  try {
    let length = replayLines(path, genesis, replay);
    const torn = fstatSync(file).size - length;
    if (torn > 0) {
      log.warn("the chain ends in a block that is half-written: left out", { path, bytes: torn });
      ftruncateSync(file, length);
    }
    const write = (values: readonly unknown[]) => {
      const bytes = Buffer.concat(values.map((value) => Buffer.concat([canonicalBytes(value), Buffer.of(NEWLINE)])));
      try {
        for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
        fsyncSync(file);
        length += bytes.length;
      } catch (error) {
        ftruncateSync(file, length);
        throw new BlockZeroError("CHAIN_LOG_WRITE", `${path}: ${reasonOf(error)}`, "free some disk space", {
          cause: error,
        });
      }
    };
    if (length === 0) write([{ genesis: hashGenesis(genesis) }]);
    const pop = (): Block => {
      try {
        const bytes = readFileSync(path);
        const start = bytes.lastIndexOf(NEWLINE, length - 2) + 1;
        const block = blockSchema.parse(parse(bytes.toString("utf8", start, length)));
        ftruncateSync(file, start);
        fsyncSync(file);
        length = start;
        return block;
      } catch (error) {
        throw new BlockZeroError("CHAIN_LOG_WRITE", `${path}: ${reasonOf(error)}`, "check the disk", { cause: error });
      }
    };
    return { append: write, pop, close: () => closeSync(file) };
  } catch (error) {
    closeSync(file);
    throw error;
  }
};

/** @returns the number of bytes that are whole lines. */
const replayLines = (path: string, genesis: Genesis, replay: (block: Block) => void): number => {
  const bytes = readFileSync(path);
  let start = 0;
  for (let number = 0; ; number++) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0) return start;
    const line = parse(bytes.toString("utf8", start, end));
    if (number === 0) checkGenesis(path, line, genesis);
    else {
      const block = blockSchema.safeParse(line);
      const isLast = bytes.indexOf(NEWLINE, end + 1) < 0;
      if (!block.success && isLast && end + 1 === bytes.length && line === undefined) return start;
      if (!block.success) {
        throw new BlockZeroError(
          "CHAIN_LOG_CORRUPT",
          `${path}: line ${number + 1} is not a block`,
          "restore the home from a backup, or start a new chain in another home",
        );
      }
      replay(block.data);
    }
    start = end + 1;
  }
};

const checkGenesis = (path: string, line: unknown, genesis: Genesis): void => {
  const first = firstLineSchema.safeParse(line);
  if (first.success && first.data.genesis === hashGenesis(genesis)) return;
  throw new BlockZeroError(
    "GENESIS_MISMATCH",
    `${path} holds a chain of genesis ${first.success ? first.data.genesis.slice(0, 16) : "unknown"}, not ${hashGenesis(genesis).slice(0, 16)}`,
    "use the genesis this home was made with, or another home",
  );
};

/** Undefined if it is not JSON. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
