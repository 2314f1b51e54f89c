import { table } from "#shared/cli/table.js";
import type { HonestWork } from "./honest-work.js";

/** A line for each time that somebody did not score an honest submission, with the reason; "" where there is none. */
export const unscoredTable = (of: readonly { readonly where: string; readonly work: HonestWork }[]): string => {
  const lines = of.flatMap(({ where, work }) =>
    work.unscored.map(({ cycle, miner, by, verdict, reason, detail }) => [
      where,
      String(cycle),
      miner,
      by,
      verdict ?? "says nothing",
      reason ?? "",
      detail ?? "",
    ]),
  );
  if (lines.length === 0) return "";
  return table([["honest submissions not scored", "cycle", "miner", "by", "verdict", "reason", "detail"], ...lines]);
};
