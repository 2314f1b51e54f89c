import { percent } from "#shared/util/percent.js";
import { plural } from "#shared/util/plural.js";
import type { Draw, ExpectedStanding, Gate, GatedPay, ScoreReport } from "./report.js";

/** What a person reads of a score. */
export const describeScore = (report: ScoreReport): string =>
  [
    heading(report),
    "",
    ...report.gates.map(gateLine),
    ...(report.draws.length > 0 ? ["", ...drawTable(report), "", drawNote(report)] : []),
    "",
    conclusion(report),
    ...standingLines(report),
  ].join("\n");

const heading = ({ artifact, file, group, cycle, base, hotkey }: ScoreReport): string =>
  `${artifact === null ? `tensors ${file}` : `artifact ${artifact}`}\nof group ${group} in cycle ${cycle}, on model ${base}${hotkey === null ? "" : `, by ${hotkey}`}`;

const gateLine = ({ gate, status, reason, detail }: Gate): string => {
  const why = [...(reason === null ? [] : [reason]), ...(detail === null ? [] : [detail])].join(": ");
  return `  ${gate.padEnd(10)}  ${(status === "failed" ? "FAILED" : status).padEnd(11)}  ${why}`.trimEnd();
};

const drawTable = ({ draws, confidence }: ScoreReport): readonly string[] => {
  const percent = 100 * confidence.twoSided;
  const rows = [
    ["draw", "batches", "base loss", "loss reduction", `${percent} % interval`, "lower bound", "score"],
    ...draws.map(drawRow),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padStart(widths[column]!)).join("  ")}`);
};

const drawRow = ({ batches, baseline, verdict, reason, measured }: Draw, draw: number): readonly string[] => [
  String(draw + 1),
  String(batches),
  baseline.toFixed(4),
  ...(measured
    ? [
        measured.lossReduction.toFixed(4),
        measured.interval.map((end) => end.toFixed(4)).join(" to "),
        measured.lowerBound.toFixed(4),
        measured.score.toFixed(4),
      ]
    : ["–", "–", "–", reason ?? verdict]),
];

const TEXTS: Readonly<Record<ScoreReport["text"], string>> = {
  "held-out": "the group's held-out text",
  sealed: "the sealed text that was opened last; the next one nobody can read yet",
  "held-out in place of sealed": "the group's held-out text, since no sealed text is open yet",
};

const drawNote = ({ draws, confidence, text }: ScoreReport): string =>
  [
    `  Losses in nats a token, on ${TEXTS[text]}; the score is made of the lower bound of a one-sided interval at ${confidence.oneSided}.`,
    `  The seed of the real evaluation cannot be known before commits are closed: ${draws.length === 1 ? "this draw is" : `these ${draws.length} draws are`} our own, over all batches.`,
  ].join("\n");

const conclusion = ({ verdict, reason, expected, draws }: ScoreReport): string => {
  const worth = expected === null ? null : worthText(expected);
  if (verdict === "rejected") return `It would be rejected: ${reason}.${worth ? ` But for that, ${worth}.` : ""}`;
  if (verdict === "abstained")
    return `It cannot be scored here: in ${draws.filter((draw) => draw.verdict !== "scored").length} of ${draws.length} draws the loss without it is not a finite number.`;
  const paid = draws.filter(({ measured }) => (measured?.score ?? 0) > 0).length;
  return `It would be scored: ${worth}, above zero in ${paid} of ${draws.length} draws.`;
};

const worthText = ({ lossReduction, score }: NonNullable<ScoreReport["expected"]>): string => {
  const effect = `it ${lossReduction < 0 ? "raises" : "lowers"} the loss by ${Math.abs(lossReduction).toFixed(4)}`;
  return score > 0
    ? `${effect}, for a score of ${score.toFixed(4)}`
    : `${effect}, for a score of 0: it would earn nothing`;
};

export const standingLines = ({ standing, verdict }: Pick<ScoreReport, "standing" | "verdict">): readonly string[] => {
  if (verdict !== "scored") return [];
  if (standing === null) return ["There is no cycle whose reports can be read, so nothing to compare it with."];
  return [
    placeLine(standing),
    `By the mean over ${plural(standing.window.cycles, "cycle")}, which pay goes by, it would then have had ${standing.window.score.toFixed(4)}: ${placeText(standing.window.place)} of ${standing.window.of}, and ${percent(standing.payShare)} of all pay.`,
    ...(standing.sprint ? [sprintLine(standing.sprint)] : []),
    ...(standing.unknown.length > 0
      ? [`Not all reports of cycle ${standing.unknown.join(", ")} can be had any more: that place may be another.`]
      : []),
  ];
};

const sprintLine = ({ required, confirmed, part }: GatedPay): string => {
  const weight = required === null ? "" : `: ${confirmed} nonces are confirmed, whole pay requires ${required}`;
  return part === 1
    ? `Sprints and duty leave it all of that${weight}.`
    : `That is ${percent(part)} of what it would be but for Sprints and duty${weight}.`;
};

const placeText = (place: number | null): string => (place === null ? "no place" : `place ${place}`);

const placeLine = ({ cycle, group, place, bestPlace, worstPlace, of, mergedShare }: ExpectedStanding): string => {
  const range = bestPlace === worstPlace ? "" : ` (${bestPlace ?? "none"} to ${worstPlace ?? "none"} over the draws)`;
  const merge =
    mergedShare === null ? "it would not have been merged" : `merged with ${percent(mergedShare)} of the mean`;
  return `In cycle ${cycle}, the last that is over, that would have been ${placeText(place)}${range} of ${of} in group ${group}, ${merge}.`;
};
