import { hasCode } from "#shared/errors/error.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import type { MeasuredCandidates } from "#shared/evaluation/measure-candidates.js";
import { wholeModel } from "#shared/participant/agreement/base-model.js";
import { awaitSeeds } from "#shared/participant/await-seeds.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import { faultFields } from "#shared/participant/fault-fields.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { Report } from "#shared/protocol/report.js";
import type { StepVote } from "#shared/protocol/step-vote.js";
import { groupsInOrder } from "#shared/replay/ballots.js";
import type { StepReduction } from "#shared/scoring/steps/paired.js";
import { evaluationTexts } from "../judge/evaluation-text.js";
import { type Agreement, planFrom } from "../merge/merge-cycle.js";
import { readBase } from "../read-base.js";
import { measureBySeeds } from "../seeds-in-force.js";
import { type Choosing, type GroupTurn, type Measuring, measureGroup } from "./measure-group.js";

/** Share of the choose phase in which a lost update is fetched again. */
const REFETCH_SHARE = 1 / 2;

/** The votes, and the seeds that they were measured by: null if nothing was to be measured. */
export interface Chosen {
  readonly votes: readonly StepVote[];
  readonly seeds: Report["seeds"] | null;
}

/**
 * Measures each group's candidate steps on text that nobody knew when the updates were committed, nor when they were scored. A group that
 * cannot be measured gets no vote; the others still get theirs. The groups share the time, so that each has some.
 *
 * @returns a vote for each group, in ascending order of the groups' names, and the seeds of the text
 * @throws BlockZeroError EVALUATION_SEED_REPLACED if a fork replaced the seeds' block, and no time is left to measure again
 */
export const chooseSteps = async (
  participant: Participant,
  meter: LossMeter,
  cycle: number,
  agreed: Agreement,
  timer?: BlockTimer,
): Promise<Chosen> => {
  const { clock, network, signal } = participant;
  const { start, end } = phaseWindow(cycle, "choose", network.phases);
  const deadline = start + Math.max(1, Math.floor((end - start) * REFETCH_SHARE));
  return untilBlock(clock, deadline, signal, (until) =>
    measureBySeeds(participant, { cycle, purpose: "choose", last: end - 1 }, () =>
      choose({ participant, meter, cycle, timer, until, deadline }, agreed),
    ),
  );
};

const NOTHING_TO_CHOOSE: StepVote = { better: [], best: 0 };

const choose = async (choosing: Choosing, agreed: Agreement): Promise<Chosen> => {
  const { participant, meter, cycle } = choosing;
  const plan = await planFrom(participant, cycle, agreed);
  const names = groupsInOrder(participant.network);
  if (plan.all.size === 0) return { votes: names.map(() => NOTHING_TO_CHOOSE), seeds: null };
  const base = await readBase(participant, meter, cycle, agreed.base);
  const model = wholeModel(base);
  const texts = await evaluationTexts(participant, cycle);
  const seeds = await awaitSeeds(participant, { cycle, purpose: "choose" });
  const votes = await votesByTurns(names, { ...choosing, plan, base, model, texts, seeds });
  const missing = names.filter((group) => votes.get(group) === null).length;
  participant.telemetry.instruments.add("blockzero_votes_missing_total", missing);
  return { votes: names.map((group) => votes.get(group)!), seeds };
};

/** At first each group asks once, and no longer than for its share of the wait: an update that does not come keeps no other group from its turn. */
const votesByTurns = async (names: readonly string[], measuring: Measuring): Promise<ReadonlyMap<string, StepVote>> => {
  const votes = new Map<string, StepVote>();
  for (const group of names) if (!measuring.plan.all.has(group)) votes.set(group, NOTHING_TO_CHOOSE);
  for (const isLast of [false, true])
    for (const group of names.filter((name) => !votes.has(name))) {
      const vote = await voteOn(measuring, { group, waiting: names.length - votes.size, isLast });
      if (vote !== "later") votes.set(group, vote);
    }
  return votes;
};

/** A group's vote: null if it cannot be measured, `later` if an update may still come. */
const voteOn = async (measuring: Measuring, turn: GroupTurn): Promise<StepVote | "later"> => {
  const { participant, cycle, deadline } = measuring;
  const { clock, log, signal } = participant;
  const { group, isLast } = turn;
  const begun = performance.now();
  try {
    const measured = await measureGroup(measuring, turn);
    log[measured.isShort ? "warn" : "info"]("measured steps", {
      cycle,
      group,
      ...told(measured),
      milliseconds: Math.round(performance.now() - begun),
    });
    return measured.vote;
  } catch (thrown) {
    signal.throwIfAborted();
    if (hasCode(thrown, "UPDATE_MISSING") && !isLast && clock.head.number < deadline - 1) return "later";
    log.error("steps not measured", { cycle, group, ...faultFields(thrown) });
    return null;
  }
};

/** What the log says of steps for which time ran out. */
const SHORT = {
  code: "EVALUATION_SHORT",
  reason: "time was left for fewer batches than the network names",
  prevention: "give this validator more of the machine, or the network a longer choose phase",
} as const;

/** What the log says of a measurement. */
const told = ({ vote, reductions, elsewhere, passes, isShort }: MeasuredCandidates) => ({
  ...(isShort && SHORT),
  best: vote?.best ?? "not measured",
  reductions: inWords(reductions),
  elsewhere: inWords(elsewhere),
  passes,
});

const inWords = (reductions: ReadonlyMap<number, StepReduction>): string =>
  [...reductions].map(([step, { mean }]) => `${step}:${mean.toFixed(4)}`).join(" ");
