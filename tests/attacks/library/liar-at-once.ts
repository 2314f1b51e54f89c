import { sha256 } from "#shared/protocol/hash.js";
import { DEFAULT_STEPS } from "#shared/protocol/network-file/default-steps.js";
import type { ReportEntry } from "#shared/protocol/report.js";
import type { Attack, Lie } from "../attack.js";
import { oneStep } from "./accomplice.js";
import { unlikeAnybody } from "./copies-apart.js";
import { praise } from "./liar-inflates.js";
import { lieInReports } from "./lie-in-reports.js";
import { unscored } from "./unscored.js";

const ALL = DEFAULT_STEPS.map((_, i) => i + 1);
const overshoots: NonNullable<Lie["votes"]> = (measured) => measured.map(() => ({ better: ALL, best: ALL.length }));
const standsStill: NonNullable<Lie["votes"]> = (measured) => measured.map(() => ({ better: [], best: 0 }));
const otherModel = (merged: string): string => sha256(Buffer.from(merged));

/** Everybody's scored work but its own miner's said to be something else. */
const ofOthers = (
  measured: readonly ReportEntry[],
  attackers: ReadonlySet<number>,
  said: (entry: ReportEntry) => ReportEntry,
): readonly ReportEntry[] =>
  measured.map((entry) => (entry.verdict === "scored" && !attackers.has(entry.uid) ? said(entry) : entry));

const worthless = (entry: ReportEntry): ReportEntry => ({
  ...entry,
  lossReduction: -1,
  standardError: 0.001,
  score: 0,
});

/** Every lie that a report and the records after it can tell. */
export const liarAtOnce: Attack = {
  name: "liar-at-once",
  description:
    "takes one step; a validator with 49 % of the stake reports it as the best there ever was and unlike anybody, and all others as worthless, says that it holds its own report alone, approves of every step and names the last, and names a model that nobody merged",
  submit: oneStep,
  lie: {
    entries: (measured, den) => ofOthers(unlikeAnybody(praise(measured, den), den.attackers), den.attackers, worthless),
    held: (held) => held.slice(-1),
    votes: overshoots,
    model: otherModel,
  },
};

/**
 * One validator with another behaviour in each cycle, in all of its records; its weights are by what it measured, so that what the others do is seen.
 */
const byTurns = (turns: readonly Pick<Lie, "entries" | "held" | "votes" | "model">[]): Lie => {
  let now = turns[0]!;
  return {
    ...lieInReports((measured, den) => {
      now = turns[(den.cycle - 1) % turns.length]!;
      return now.entries?.(measured, den) ?? measured;
    }),
    held: (held) => now.held?.(held) ?? held,
    votes: (measured, outer) => now.votes?.(measured, outer) ?? measured,
    model: (merged) => now.model?.(merged) ?? merged,
  };
};

/** Who is looked at in one cycle finds another one in the next. */
export const liarByTurns: Attack = {
  name: "liar-by-turns",
  description:
    "trains; a validator with 49 % of the stake is honest in the first cycle, in the second reports all others as worthless and votes for no step, and in the third reaches nobody else, holds no report, approves of every step and names another model",
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train() }) }],
  lie: byTurns([
    {},
    {
      entries: (measured, { attackers }) => ofOthers(measured, attackers, worthless),
      votes: standsStill,
    },
    {
      entries: (measured, { attackers }) => ofOthers(measured, attackers, (entry) => unscored(entry, "unreachable")),
      held: () => [],
      votes: overshoots,
      model: otherModel,
    },
  ]),
};
