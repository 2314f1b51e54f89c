import type { Participant } from "#shared/participant/participant.js";
import type { Report, ReportEntry } from "#shared/protocol/report.js";
import type { RaceOutcome } from "#shared/scoring/racing/race.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { EVALUATION_PARTS } from "#shared/telemetry/instruments/labels.js";
import type { MetricsSink, MetricsTable } from "#shared/telemetry/metrics.js";
import type { Judgement } from "./kept-judgement.js";

/** The races of an evaluation, and what its time went to. */
interface Evaluation {
  /** By group. */
  readonly outcomes: ReadonlyMap<string, RaceOutcome<unknown>>;
  /** Groups whose independence was measured beside trainings of the validator's own. */
  readonly witnessed: ReadonlySet<string>;
  /** Milliseconds by part. */
  readonly took: Readonly<Record<string, number>>;
}

/** Writes to the log, the metrics and the instruments what a cycle was judged by, and what came of it. */
export const tellJudging = (
  { network, telemetry, log }: Pick<Participant, "network" | "telemetry" | "log">,
  metrics: MetricsSink | undefined,
  { cycle, base, baseline, entries }: Judgement,
  { outcomes, witnessed, took }: Evaluation,
): void => {
  logTimes(log, cycle, { outcomes, took, batches: network.scoring.eval_batches });
  showRaces(telemetry.instruments, { outcomes, took });
  if (network.scoring.witness) countUnwitnessed(telemetry.instruments, { outcomes, witnessed });
  metrics?.write({ cycle, ...Object.fromEntries(Object.entries(took).map(([part, ms]) => [`eval/${part}_ms`, ms])) });
  const count = (verdict: ReportEntry["verdict"]) => entries.filter((entry) => entry.verdict === verdict).length;
  log.info("judged", {
    cycle,
    base,
    scored: count("scored"),
    rejected: count("rejected"),
    abstained: count("abstained"),
    ...Object.fromEntries(Object.entries(baseline).map(([group, { loss }]) => [`loss/${group}`, loss])),
  });
  warnOfFailures(log, cycle, entries);
};

/** Greatest number of miners that are named on a line: strangers decide how many there are. */
const MOST_NAMED = 8;

/** Warns of whom this validator could not judge by its own fault, and says what stood in the way of one of them. */
const warnOfFailures = (log: Participant["log"], cycle: number, entries: readonly ReportEntry[]): void => {
  const failed = entries.filter(({ reason }) => reason === "validator_failed");
  if (failed.length === 0) return;
  log.warn("updates not judged by a fault of this validator", {
    cycle,
    code: "EVALUATION_FAILED",
    updates: failed.length,
    uids: failed.slice(0, MOST_NAMED).map(({ uid }) => uid),
    reason: failed.find(({ detail }) => detail !== null)?.detail ?? "there was no time to measure them",
    prevention:
      "mend what the reason names, such as a full disk; where time was short give this validator more of the machine",
  });
};

/** Logs where the time went. Warns if there was too little. */
const logTimes = (
  log: Participant["log"],
  cycle: number,
  { outcomes, took, batches }: Omit<Evaluation, "witnessed"> & { readonly batches: number },
): void => {
  const times = Object.fromEntries(Object.entries(took).map(([part, milliseconds]) => [`${part}Ms`, milliseconds]));
  const short = [...outcomes].filter(([, { isShort }]) => isShort);
  if (short.length === 0) {
    log.info("evaluated", { cycle, ...times });
    return;
  }
  log.warn("evaluation cut short: everybody was measured on fewer batches", {
    cycle,
    code: "EVALUATION_SHORT",
    ...Object.fromEntries(short.map(([group, { before }]) => [`batches/${group}`, before.length])),
    of: batches,
    ...times,
    prevention: "give this validator more of the machine, or the network a longer evaluate phase",
  });
};

const showRaces = (instruments: Instruments, { outcomes, took }: Omit<Evaluation, "witnessed">): void => {
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

/** Whatever kept the trainings from being there: too little time or memory, a fault, or a start after the train phase. */
const countUnwitnessed = (instruments: Instruments, { outcomes, witnessed }: Omit<Evaluation, "took">): void => {
  for (const [group, { results }] of outcomes)
    if (results.size > 0 && !witnessed.has(group)) instruments.add("blockzero_races_unwitnessed_total", 1);
};

/** Writes to the instruments and the metrics what a report says. */
export const tellReport = (
  { instruments }: Participant["telemetry"],
  metrics: MetricsSink,
  { cycle, baseline, entries }: Report,
): void => {
  for (const [group, { loss }] of Object.entries(baseline)) {
    instruments.set("blockzero_baseline_loss_nats", loss, { group });
    metrics.write({ cycle, [`eval/loss_${group}`]: loss });
  }
  for (const { verdict, reason } of entries)
    instruments.add("blockzero_verdicts_total", 1, { verdict, reason: reason ?? "none" });
  const judged = entries.filter(({ verdict }) => verdict !== "abstained");
  instruments.replace(
    "blockzero_miner_score",
    judged.map(({ uid, score }) => [{ uid }, score]),
  );
  metrics.table?.("miners", minersTable(entries), { cycle });
  for (const { uid, verdict, score, lossReduction } of entries)
    metrics.write({
      cycle,
      uid,
      "eval/verdict": verdict,
      "eval/score": score,
      "eval/loss_reduction": lossReduction ?? 0,
    });
};

/** Columns of a report's table, and what an entry has in each. */
const MINER_COLUMNS = {
  uid: "uid",
  hotkey: "hotkey",
  group: "group",
  verdict: "verdict",
  reason: "reason",
  score: "score",
  loss_reduction: "lossReduction",
  standard_error: "standardError",
  batches: "batches",
  independence: "independence",
} as const satisfies Readonly<Record<string, keyof ReportEntry>>;

const minersTable = (entries: readonly ReportEntry[]): MetricsTable => ({
  columns: Object.keys(MINER_COLUMNS),
  rows: entries.map((entry) => Object.values(MINER_COLUMNS).map((key) => entry[key])),
});
