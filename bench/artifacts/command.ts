import { execFile } from "node:child_process";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { hashOfSource, withSource } from "#shared/files/byte-source.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import { mergeThreads } from "#shared/merge/merge-threads.js";
import { bytesOfPart } from "#shared/protocol/model-manifest.js";
import type { MergeRule } from "#shared/protocol/network-file/training.js";
import { bytes, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { median } from "../median.js";
import { figuresOption, writeFigures } from "../options.js";
import { readFile, rewriteFile, SIDE, TENSOR_BYTES, writeFloatsFile } from "./material.js";
import { storeMaterial, withRule } from "./merge-material.js";

const exec = promisify(execFile);
const mergeProcess = fileURLToPath(new URL("merge-process.js", import.meta.url));

const UPDATES = 8;
/** Of the rate of `openssl`. */
const HASH_TARGET = 0.9;
/** Bytes of updates a second. */
const MERGE_TARGET = 1e9;
/**
 * A tensor of each file for each thread, and for two more that are read and written meanwhile; half as much again for what they make of
 * them and for the threads themselves.
 */
const MEMORY_TARGET = 1.5 * (mergeThreads() + 2) * (UPDATES + 2) * TENSOR_BYTES;

interface Flags {
  readonly tensors: number;
  readonly rounds: number;
  readonly openssl: string;
  readonly json?: string;
}

/** Bytes a second, the median of all rounds; null where the program is not there. */
type Rate = number | null;

export const artifactsBench: CommandSpec = {
  name: "artifacts",
  description: "hash, write, read and merge tensor files beside `openssl dgst -sha256` and `cp` on the same file",
  examples: ["npm run bench -- artifacts", "npm run bench -- artifacts --tensors 256 --json artifacts.json"],
  define: (command) =>
    command
      .option("--tensors <n>", "tensors of 4 MiB in the file", wholeNumber(8), 64)
      .option("--rounds <n>", "times everybody takes a turn; the median counts", wholeNumber(1), 5)
      .option("--openssl <program>", "another openssl", "openssl")
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ tensors, rounds, openssl, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const folder = await mkdtemp(join(tmpdir(), "blockzero-bench-"));
  try {
    const rates = await race(folder, tensors, rounds, openssl);
    const merge = await mergeOf(folder, Math.ceil(tensors / 6), rounds);
    console.log(`\n${describe(rates, merge, tensors)}`);
    const hash = rates.openssl === null ? null : rates.hash / rates.openssl;
    await writeFigures(json, { machine: here, tensors, rates, merge, targets: { hash, memory: MEMORY_TARGET } });
    if ((hash ?? 1) < HASH_TARGET || merge.rate < MERGE_TARGET || merge.growth > MEMORY_TARGET) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** On one file, by turns. */
const race = async (folder: string, tensors: number, rounds: number, openssl: string) => {
  const [file, copy] = [join(folder, "model.safetensors"), join(folder, "copy.safetensors")];
  await writeFloatsFile(file, tensors, "artifacts");
  const size = tensors * TENSOR_BYTES;
  const times = new Map<string, (number | null)[]>();
  const turn = async (name: string, work: () => Promise<unknown>) => {
    const begin = performance.now();
    let seconds: number | null = null;
    try {
      await work();
      seconds = (performance.now() - begin) / 1000;
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
    }
    times.set(name, [...(times.get(name) ?? []), seconds]);
  };
  for (let round = 0; round < rounds; round++) {
    let [ours, theirs] = ["", ""];
    await turn("hash", async () => {
      ours = await hashOf(file);
    });
    await turn("openssl", async () => {
      theirs = (await exec(openssl, ["dgst", "-sha256", "-r", file])).stdout.slice(0, 64);
    });
    if (theirs !== "" && ours !== theirs)
      throw new BlockZeroError("BENCH_HASH", `${ours} is not ${theirs}`, "the file changed, or one of them is broken");
    await turn("read", () => readFile(file));
    await turn("cpToNull", () => exec("cp", [file, "/dev/null"]));
    await rm(copy, { force: true });
    await turn("write", () => rewriteFile(file, copy));
    await rm(copy, { force: true });
    await turn("cp", async () => {
      await exec("cp", [file, copy]);
      await settled(copy);
    });
    await rm(copy, { force: true });
  }
  const rate = (name: string): Rate => {
    const seconds = times.get(name)!.filter((time) => time !== null);
    return seconds.length < rounds ? null : size / median(seconds);
  };
  const [hash, read, write] = [rate("hash")!, rate("read")!, rate("write")!];
  return { hash, read, write, openssl: rate("openssl"), cp: rate("cp"), cpToNull: rate("cpToNull") };
};

/** Until the disk has it, as our writer waits too. */
const settled = async (path: string): Promise<void> => {
  const file = await open(path, "r+");
  await file.sync();
  await file.close();
};

const isMissing = (thrown: unknown): boolean => thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";

const hashOf = async (path: string): Promise<string> => withSource(await openRegularFile(path), hashOfSource);

interface MergeFigures {
  /** Bytes of updates a second: of one merge, from open files to two synced ones; of one whose rule looks at all pairs first. */
  readonly rate: number;
  readonly robust: number;
  /** Bytes of all files that are hashed a second before, and of updates that pass the gates. */
  readonly verify: number;
  readonly gates: number;
  /** Resident bytes at the peak of the merging process, and how many of them the merge took. */
  readonly peak: number;
  readonly growth: number;
  /** Bytes of one update, and of all files that are merged. */
  readonly update: number;
  readonly all: number;
}

const DEFAULT_RULE: MergeRule = { rule: "weighted-mean", clip: "median-norm" };
const PAIRS_RULE: MergeRule = { rule: "geometric-median", iterations: 50 };

interface MergeRun {
  readonly verify: number;
  readonly gates: number;
  readonly merge: number;
  readonly peak: number;
  readonly growth: number;
}

/** A validator's merge of one group, every time in a new process. */
const mergeOf = async (folder: string, experts: number, rounds: number): Promise<MergeFigures> => {
  const blobs = join(folder, "blobs");
  const material = await storeMaterial(directoryStore(blobs), { experts, side: SIDE, updates: UPDATES });
  const runsOf = async (rule: MergeRule): Promise<readonly MergeRun[]> => {
    const path = join(folder, `${rule.rule}.json`);
    await writeFile(path, JSON.stringify(withRule(material, rule)));
    const runs: MergeRun[] = [];
    for (let round = 0; round < rounds; round++)
      runs.push(JSON.parse((await exec(process.execPath, [mergeProcess, blobs, path])).stdout));
    return runs;
  };
  const [usual, pairs] = [await runsOf(DEFAULT_RULE), await runsOf(PAIRS_RULE)];
  const { weights } = Object.values(material.base.manifest.parts.groups)[0]!;
  const update = bytesOfPart(weights);
  const rate = (bytes: number, runs: readonly MergeRun[], of: "verify" | "gates" | "merge"): number =>
    bytes / median(runs.map((run) => run[of]));
  return {
    rate: rate(UPDATES * update, usual, "merge"),
    robust: rate(UPDATES * update, pairs, "merge"),
    verify: rate((UPDATES + 2) * update, usual, "verify"),
    gates: rate(UPDATES * update, usual, "gates"),
    peak: Math.max(...[...usual, ...pairs].map(({ peak }) => peak)),
    growth: Math.max(...[...usual, ...pairs].map(({ growth }) => growth)),
    update,
    all: (UPDATES + 2) * update,
  };
};

const describe = (rates: Awaited<ReturnType<typeof race>>, merge: MergeFigures, tensors: number): string => {
  const gigabytes = (rate: Rate): string => (rate === null ? "not installed" : `${(rate / 1e9).toFixed(2)} GB/s`);
  const over = (ours: number, theirs: Rate): string => (theirs === null ? "" : `${(ours / theirs).toFixed(2)} ×`);
  const hashMet = rates.openssl === null || rates.hash >= HASH_TARGET * rates.openssl;
  return [
    `a file of ${tensors} tensors, ${bytes(tensors * TENSOR_BYTES)}; medians`,
    table([
      ["", "ours", "beside it", "its rate", "ratio", "target"],
      [
        "hash",
        gigabytes(rates.hash),
        "openssl dgst -sha256",
        gigabytes(rates.openssl),
        over(rates.hash, rates.openssl),
        rates.openssl === null ? "" : `${HASH_TARGET} × ${verdict(hashMet)}`,
      ],
      [
        "read",
        gigabytes(rates.read),
        "cp to /dev/null",
        gigabytes(rates.cpToNull),
        over(rates.read, rates.cpToNull),
        "",
      ],
      ["read, write, sync", gigabytes(rates.write), "cp, sync", gigabytes(rates.cp), over(rates.write, rates.cp), ""],
    ]),
    "",
    `a merge of ${UPDATES} updates of ${bytes(merge.update)} by mergeModel; bytes a second`,
    table([
      ["", "figure", "target"],
      [
        "merge, to synced files",
        gigabytes(merge.rate),
        `${gigabytes(MERGE_TARGET)} ${verdict(merge.rate >= MERGE_TARGET)}`,
      ],
      ["the same by geometric median", gigabytes(merge.robust), ""],
      ["gates before it", gigabytes(merge.gates), ""],
      ["hashes of all files before it", gigabytes(merge.verify), ""],
      [
        "memory beside the program",
        bytes(merge.growth),
        `${bytes(MEMORY_TARGET)} ${verdict(merge.growth <= MEMORY_TARGET)}`,
      ],
      ["files that are merged", bytes(merge.all), ""],
    ]),
  ].join("\n");
};
