import { closeSync, openSync, readSync } from "node:fs";

export type MetricLine = Readonly<Record<string, unknown>>;

/** Reads what a program has appended to its metrics since the last call. Returns nothing while the file does not exist. */
export const tailMetrics = (file: string): (() => MetricLine[]) => {
  let offset = 0;
  let rest = "";
  const buffer = Buffer.alloc(64 * 1024);
  return () => {
    let descriptor: number;
    try {
      descriptor = openSync(file, "r");
    } catch {
      return [];
    }
    const lines: MetricLine[] = [];
    try {
      for (;;) {
        const count = readSync(descriptor, buffer, 0, buffer.length, offset);
        if (count === 0) break;
        offset += count;
        const parts = (rest + buffer.toString("utf8", 0, count)).split("\n");
        rest = parts.pop() ?? "";
        for (const part of parts) lines.push(parseLine(part));
      }
    } finally {
      closeSync(descriptor);
    }
    return lines;
  };
};

/** A line that a crash cut short is skipped. */
const parseLine = (text: string): MetricLine => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};
