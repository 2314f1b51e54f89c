import { closeSync, fstatSync, openSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { appendLine } from "./append-line.js";
import type { Log } from "./log.js";
import { watchOutage } from "./outage.js";

/** Named values of one moment: `{ cycle: 3, step: 120, loss: 2.31 }`. */
export type MetricValues = Readonly<Record<string, number | string>>;

/** Columns by name, and rows with a value for each. */
export interface MetricsTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | string | null)[])[];
}

/** Where measurements go. Writing never throws and never waits; `close` delivers what is left. */
export interface MetricsSink {
  write(values: MetricValues): void;
  /** A table of one moment, for sinks that show tables. */
  table?(name: string, table: MetricsTable, values: MetricValues): void;
  close(): Promise<void>;
}

interface JsonlOptions {
  /** What every line says beside its time: several programs may write one file. */
  readonly whose?: MetricValues;
  /** Bytes above which the file is renamed to `….1.jsonl`, in the place of the last, and begun anew. */
  readonly mostBytes?: number;
  readonly log?: Pick<Log, "warn" | "info">;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly append?: (descriptor: number, line: string) => unknown;
}

/** Years of a miner, months of a validator among 256 miners. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Appends one JSON object a line, with `time` in milliseconds since the epoch. Numbers that JSON lacks are written as
 * the strings "NaN", "Infinity" and "-Infinity". A line that cannot be written is lost; the next one is tried again, and an outage is one warning.
 *
 * @throws BlockZeroError METRICS_UNWRITABLE when the file cannot be opened
 */
export const jsonlMetrics = (
  file: string,
  { log, whose = {}, mostBytes = MOST_BYTES, now = Date.now, append = appendLine }: JsonlOptions = {},
): MetricsSink => {
  let descriptor: number | undefined = openForAppend(file);
  const outage = watchOutage("metrics", { file }, log);
  const close = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  /** Goes over to a new file where this one is full, or where another program did so. */
  const inFile = (open: number): number => {
    const { size, ino } = fstatSync(open);
    if (size < mostBytes) return open;
    if (statSync(file, { throwIfNoEntry: false })?.ino === ino) renameSync(file, file.replace(/(\.jsonl)?$/, ".1$1"));
    descriptor = openForAppend(file);
    closeSync(open);
    return descriptor;
  };
  return {
    write(values) {
      const open = descriptor;
      if (open === undefined) return;
      outage.attempt(() => append(inFile(open), JSON.stringify({ time: now(), ...whose, ...values }, spellOut)));
    },
    async close() {
      close();
    },
  };
};

/** A sink that writes to several. */
export const tee = (...sinks: readonly MetricsSink[]): MetricsSink => ({
  write(values) {
    for (const sink of sinks) sink.write(values);
  },
  table(name, table, values) {
    for (const sink of sinks) sink.table?.(name, table, values);
  },
  async close() {
    await Promise.all(sinks.map((sink) => sink.close()));
  },
});

const openForAppend = (file: string): number => {
  try {
    ensureFolderSync(dirname(file));
    return openSync(file, "a");
  } catch (thrown) {
    throw new BlockZeroError(
      "METRICS_UNWRITABLE",
      `cannot write metrics to ${file}: ${reasonOf(thrown)}`,
      "name a folder that this user may write to",
      { cause: thrown },
    );
  }
};

/** For JSON, which lacks some numbers. */
export const spellOut = (_key: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
