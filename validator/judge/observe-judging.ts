import type { Report } from "#shared/protocol/report.js";
import type { RaceOutcome } from "#shared/scoring/racing/race.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { EVALUATION_PARTS } from "#shared/telemetry/instruments/labels.js";

/** Shows the races of an evaluation, and what its time went to. @param took milliseconds by part */
export const showRaces = (
  instruments: Instruments,
  outcomes: ReadonlyMap<string, RaceOutcome<unknown>>,
  took: Readonly<Record<string, number>>,
): void => {
  for (const part of EVALUATION_PARTS)
    if (took[part] !== undefined) instruments.set("blockzero_evaluation_duration_seconds", took[part] / 1000, { part });
  for (const [group, { before, results, isShort }] of outcomes) {
    instruments.set("blockzero_race_batches", before.length, { group });
    instruments.set("blockzero_race_contenders", results.size, { group });
    if (results.size === 0) continue;
    instruments.add("blockzero_races_total", 1);
    if (isShort) instruments.add("blockzero_races_short_total", 1);
  }
};

/** Shows what a report says. */
export const showReport = (
  instruments: Instruments,
  { baseline, entries }: Pick<Report, "baseline" | "entries">,
): void => {
  for (const [group, { loss }] of Object.entries(baseline))
    instruments.set("blockzero_baseline_loss_nats", loss, { group });
  for (const { verdict, reason } of entries)
    instruments.add("blockzero_verdicts_total", 1, { verdict, reason: reason ?? "none" });
  const judged = entries.filter(({ verdict }) => verdict !== "abstained");
  instruments.replace(
    "blockzero_miner_score",
    judged.map(({ uid, score }) => [{ uid }, score]),
  );
};
