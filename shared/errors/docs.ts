import type { ErrorEntries } from "./entry.js";
import { ERROR_TOPICS } from "./registry.js";

const tableOf = (entries: ErrorEntries): string =>
  [
    "| Code | What it means | What to do |",
    "| --- | --- | --- |",
    ...Object.entries(entries)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, { meaning, remedy }]) => `| \`${code}\` | ${meaning} | ${remedy} |`),
  ].join("\n");

/** Markdown: a heading and a table for each topic. */
export const errorReference = (): string =>
  Object.entries(ERROR_TOPICS)
    .map(([topic, entries]) => `## ${topic}\n\n${tableOf(entries)}`)
    .join("\n\n");
