import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { Log } from "./log.js";

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

/**
 * Appends one JSON object a line, with `time` in milliseconds since the epoch. Numbers that JSON lacks are written as
 * the strings "NaN", "Infinity" and "-Infinity". A write that fails is one warning, then silence.
 *
 * @throws BlockZeroError METRICS_UNWRITABLE when the file cannot be opened
 */
export const jsonlMetrics = (
  file: string,
  { log, now = Date.now }: { readonly log?: Log; readonly now?: () => number } = {},
): MetricsSink => {
  let descriptor: number | undefined = openForAppend(file);
  const close = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  return {
    write(values) {
      if (descriptor === undefined) return;
      try {
        writeSync(descriptor, `${JSON.stringify({ time: now(), ...values }, spellOut)}\n`);
      } catch (thrown) {
        log?.warn("metrics are no longer written", { file, reason: reasonOf(thrown) });
        close();
      }
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
    mkdirSync(dirname(file), { recursive: true });
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
