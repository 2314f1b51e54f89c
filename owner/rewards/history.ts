import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { MAX_REPORT_BYTES, parseReport, type Report } from "#shared/protocol/report.js";
import { weightedMedian } from "#shared/protocol/stake.js";

/** What validators found, cycle by cycle. */
export interface History {
  readonly hotkeys: readonly string[];
  /** One row a cycle, ascending; one score a hotkey, null where it was not scored. */
  readonly cycles: readonly { readonly cycle: number; readonly scores: readonly (number | null)[] }[];
}

/**
 * The scores in all reports that lie as blobs anywhere under a folder: a validator's home, or a localnet's. Each report counts alike; a
 * miner's score is the median of them. @throws HISTORY_EMPTY
 */
export const readHistory = (folder: string): History => {
  const reports = reportsUnder(folder);
  const cycles = [...new Set(reports.map(({ cycle }) => cycle))].sort((a, b) => a - b);
  const hotkeys = [...new Set(reports.flatMap(({ entries }) => entries.map(({ hotkey }) => hotkey)))].sort();
  if (cycles.length === 0)
    throw new BlockZeroError(
      "HISTORY_EMPTY",
      `there is no validator's report under ${folder}`,
      "give the home of a validator or of a localnet that has lived through a cycle",
    );
  return {
    hotkeys,
    cycles: cycles.map((cycle) => {
      const entries = reports.filter((report) => report.cycle === cycle).flatMap((report) => report.entries);
      const scores = hotkeys.map((hotkey) => {
        const votes = entries.filter((entry) => entry.hotkey === hotkey && entry.verdict === "scored");
        return votes.length > 0 ? weightedMedian(votes.map(({ score }) => ({ value: score, stake: 1n }))) : null;
      });
      return { cycle, scores };
    }),
  };
};

/** By hash, so that a report that several homes hold counts once. */
const reportsUnder = (folder: string): readonly Report[] => {
  const found = new Map<string, Report>();
  let names: readonly string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch (thrown) {
    throw new BlockZeroError("HOME_MISSING", `cannot read ${folder}: ${reasonOf(thrown)}`, "check the path");
  }
  for (const name of names) {
    const hash = name.match(/(?:^|[\\/])([0-9a-f]{64})$/)?.[1];
    if (hash === undefined || found.has(hash)) continue;
    const path = join(folder, name);
    const { size } = statSync(path);
    if (size > MAX_REPORT_BYTES) continue;
    const report = parseReport(readFileSync(path));
    if (report.ok) found.set(hash, report.value);
  }
  return [...found.values()];
};
