import { oneLine } from "#shared/errors/error.js";
import type { Verdict } from "./check.js";
import type { Outcome } from "./examine.js";

const MARKS: Readonly<Record<Verdict, string>> = { ok: "✔", warning: "▲", failure: "✖" };
const WIDTH = 13;

/** One outcome as a person reads it: a line, and a second one with what to do. */
export const outcomeLines = ({
  check,
  verdict,
  says,
  remedy,
}: Pick<Outcome, "check" | "verdict" | "says" | "remedy">): string =>
  [
    `${MARKS[verdict]} ${check.padEnd(WIDTH)}${oneLine(says)}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(WIDTH + 2)}→ ${oneLine(remedy)}`]),
  ].join("\n");

/** What all of them come to. */
export const summaryOf = (outcomes: readonly Pick<Outcome, "verdict">[]): string => {
  const count = (verdict: Verdict) => outcomes.filter((outcome) => outcome.verdict === verdict).length;
  const plural = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
  return `${plural(count("failure"), "failure")}, ${plural(count("warning"), "warning")}, ${count("ok")} ok`;
};
