import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { ownHome } from "#shared/files/own-home.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { METRICS_FILE } from "#shared/telemetry/metrics-file.js";
import { type MinerJournal, minerJournalSchema, type TrainedWith } from "../journal.js";

/** What a miner wrote of one cycle. What it did not write is undefined. */
export interface CycleHistory {
  readonly cycle: number;
  /** What it was trained with, whatever the settings say by now. */
  readonly settings?: TrainedWith | undefined;
  /** Mean losses of ten steps each, in their order. */
  readonly losses: readonly number[];
  /** Of all replicas together. */
  readonly steps?: number | undefined;
  /** Of the replica that came furthest. */
  readonly reached?: number | undefined;
  /** First loss less last loss. */
  readonly lossReduction?: number | undefined;
  readonly skipped?: number | undefined;
  readonly spikes?: number | undefined;
  readonly score?: number | undefined;
  readonly rank?: number | undefined;
  readonly verdict?: string | undefined;
  readonly committed: boolean;
  readonly revealed: boolean;
}

/** Bytes of the newest metrics that are read. */
const MOST_BYTES = 8 << 20;

/** A miner, by its home and by what its metrics' lines say of it. */
export interface HistoryOf {
  readonly checkpointDir: string;
  readonly address: string;
  readonly netuid: number;
  readonly wallet: { readonly name: string; readonly hotkey: string };
  /** What was made in dry runs lies apart. */
  readonly dryRun: boolean;
}

/**
 * The last cycles of a miner, oldest first, from its metrics and its journal; also those between of which it wrote nothing. Other programs may
 * have written into the same file; lines from before that said whose they are count as its own.
 *
 * @param cycles at most so many
 * @throws BlockZeroError HISTORY_MISSING where there is nothing yet
 */
export const readHistory = (
  { checkpointDir, address, netuid, wallet, dryRun }: HistoryOf,
  cycles: number,
): readonly CycleHistory[] => {
  const named = `${wallet.name}/${wallet.hotkey}`;
  const isOwn = ({ values }: MetricLine): boolean =>
    values.role === undefined || (values.role === "miner" && values.netuid === netuid && values.wallet === named);
  const lines = metricLines(join(checkpointDir, dryRun ? "dry-run" : "", METRICS_FILE)).filter(isOwn);
  const journal = newestJournal(ownHome(checkpointDir, address, dryRun));
  const known = new Set([...lines.map(({ cycle }) => cycle), ...Object.keys(journal.cycles).map(Number)]);
  const last = [...known].sort((a, b) => a - b).slice(-cycles);
  if (last.length === 0)
    throw new BlockZeroError(
      "HISTORY_MISSING",
      `${checkpointDir} holds nothing of this miner's ${dryRun ? "dry runs" : "cycles"}`,
      "let it run for a cycle, or name its checkpoint_dir",
    );
  const newest = last.at(-1)!;
  return range(Math.max(last[0]!, newest - cycles + 1), newest).map((cycle) =>
    ofCycle(
      cycle,
      lines.filter((line) => line.cycle === cycle),
      journal.cycles[cycle],
    ),
  );
};

const range = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

interface MetricLine {
  readonly cycle: number;
  readonly values: Readonly<Record<string, unknown>>;
}

const ofCycle = (
  cycle: number,
  lines: readonly MetricLine[],
  entry: MinerJournal["cycles"][string] | undefined,
): CycleHistory => {
  const last = (name: string): number | undefined => {
    const values = lines.map(({ values }) => values[name]).filter((value) => typeof value === "number");
    return values.at(-1);
  };
  const losses = lines.flatMap(({ values }) =>
    typeof values["train/loss"] === "number" && "train/learning_rate" in values ? [values["train/loss"]] : [],
  );
  const verdict = lines.map(({ values }) => values["chain/verdict"]).findLast((value) => typeof value === "string");
  const done = lines.findLast(({ values }) => "train/loss_reduction" in values)?.values.step;
  const reached = typeof done === "number" ? done : undefined;
  return {
    cycle,
    settings: entry?.settings,
    losses,
    steps: last("train/steps") ?? reached,
    reached,
    lossReduction: last("train/loss_reduction"),
    skipped: last("train/skipped_steps"),
    spikes: last("train/spikes"),
    score: last("chain/w_i_score"),
    rank: last("chain/rank_in_group"),
    verdict,
    committed: entry?.committed !== undefined,
    revealed: entry?.revealed !== undefined,
  };
};

/** Lines that are whole and of a cycle; a half-written one is left out. */
const metricLines = (file: string): readonly MetricLine[] =>
  tailOf(file)
    .split("\n")
    .flatMap((text): MetricLine[] => {
      try {
        const values: unknown = JSON.parse(text);
        if (typeof values !== "object" || values === null) return [];
        const { cycle } = values as Record<string, unknown>;
        return typeof cycle === "number" ? [{ cycle, values: { ...values } }] : [];
      } catch {
        return [];
      }
    });

const tailOf = (file: string): string => {
  if (!existsSync(file)) return "";
  try {
    const descriptor = openSync(file, "r");
    try {
      const { size } = fstatSync(descriptor);
      const bytes = Buffer.alloc(Math.min(size, MOST_BYTES));
      const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString("utf8", 0, read);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw new BlockZeroError("FILE_UNREADABLE", `${file}: ${reasonOf(cause)}`, "check its permissions", { cause });
  }
};

/** Of the networks that a hotkey mined in, the one that it last wrote of. */
const newestJournal = (home: string): MinerJournal => {
  if (!existsSync(home)) return minerJournalSchema.parse({});
  const files = readdirSync(home)
    .map((name) => join(home, name, "miner.json"))
    .filter((file) => existsSync(file));
  const [newest] = files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return newest === undefined ? minerJournalSchema.parse({}) : openJournal(newest, minerJournalSchema).value;
};
