import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import { type LossMeter, otherBatches, stepBatches } from "#shared/evaluation/loss-meter.js";
import { measureCandidates, type OtherText } from "#shared/evaluation/measure-candidates.js";
import type { Selected } from "#shared/merge/selection.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { type BaseModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import type { Patience } from "#shared/participant/at-every-block.js";
import { awaitSeeds } from "#shared/participant/await-seeds.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { faultFields } from "#shared/participant/fault-fields.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import type { Network } from "#shared/protocol/network.js";
import { accepted } from "#shared/protocol/parsed.js";
import { BLOCKS_TO_RECORD, phaseWindow } from "#shared/protocol/phases.js";
import type { Report } from "#shared/protocol/report.js";
import type { StepVote } from "#shared/protocol/step-vote.js";
import { groupsInOrder } from "#shared/replay/ballots.js";
import { withDirections } from "#shared/replay/directions.js";
import type { Candidate } from "#shared/replay/merge-plan.js";
import type { StepReduction } from "#shared/scoring/steps/measure-steps.js";
import { type EvaluationTexts, evaluationTexts } from "../judge/evaluation-text.js";
import { openAtEveryBlock } from "../judge/gate-with-blame.js";
import { type Agreement, planFrom } from "../merge/merge-cycle.js";
import { readBase } from "../read-base.js";
import { measureBySeeds } from "../seeds-in-force.js";
import { timeUntil } from "../time-left.js";

/** Share of the choose phase in which a lost update is fetched again. */
const REFETCH_SHARE = 1 / 2;

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

/** What the log says of steps for which time ran out. */
const SHORT = {
  code: "EVALUATION_SHORT",
  reason: "time was left for fewer batches than the network names",
  prevention: "give this validator more of the machine, or the network a longer choose phase",
} as const;

interface Choosing extends Patience {
  readonly participant: Participant;
  readonly meter: LossMeter;
  readonly cycle: number;
  /** Predicts when a block will come. Without it, a group's measuring ends when its block is seen. */
  readonly timer: BlockTimer | undefined;
}

/** The votes, and the seeds that they were measured by: null if nothing was to be measured. */
export interface Chosen {
  readonly votes: readonly StepVote[];
  readonly seeds: Report["seeds"] | null;
}

const choose = async (choosing: Choosing, agreed: Agreement): Promise<Chosen> => {
  const { participant, meter, cycle, timer } = choosing;
  const { clock, network, signal, log } = participant;
  const { end } = phaseWindow(cycle, "choose", network.phases);
  const plan = await planFrom(participant, cycle, agreed);
  const names = groupsInOrder(network);
  const nothing: StepVote = { better: [], best: 0 };
  if (plan.all.size === 0) return { votes: names.map(() => nothing), seeds: null };
  const base = await readBase(participant, meter, agreed.base);
  const model = wholeModel(base);
  const texts = await evaluationTexts(participant, cycle);
  const seeds = await awaitSeeds(participant, { cycle, purpose: "choose" });
  const votes = new Map<string, StepVote>();
  for (const group of names) if (!plan.all.has(group)) votes.set(group, nothing);
  const measure = async (group: string, isLast: boolean): Promise<void> => {
    const begun = performance.now();
    const most = isLast
      ? choosing.deadline
      : clock.head.number +
        Math.max(1, Math.floor((choosing.deadline - clock.head.number) / (names.length - votes.size)));
    const deadline = isLast ? choosing.deadline : 0;
    try {
      const text = texts.get(group) ?? accepted(null);
      if (!text.ok) throw new BlockZeroError("NO_TEXT", text.problem, "see what the log says of the text");
      const { vote, reductions, elsewhere, passes, isShort } = await withDirections(
        cycleSource(participant),
        { base, plan, group, inFiles: meter.isLayerMajor ?? false },
        (update) =>
          untilBlock(clock, most, choosing.until, (until) =>
            openScored({ ...choosing, until, deadline }, base, update),
          ),
        (directions) => {
          // Not before: an update may have been waited for.
          const left = Math.max(1, end - BLOCKS_TO_RECORD - clock.head.number);
          const share = clock.head.number + Math.ceil(left / (names.length - votes.size));
          return measureCandidates(meter, {
            model,
            group: network.groups[group]!,
            directions,
            outer: network.training.outer,
            batches: stepBatches(network, group, seeds[group]!, text.value),
            others: otherText(network, group, seeds, texts),
            time: timeUntil(clock, share, timer),
          });
        },
      );
      log[isShort ? "warn" : "info"]("measured steps", {
        cycle,
        group,
        ...(isShort && SHORT),
        best: vote?.best ?? "not measured",
        reductions: inWords(reductions),
        elsewhere: inWords(elsewhere),
        passes,
        milliseconds: Math.round(performance.now() - begun),
      });
      votes.set(group, vote);
    } catch (thrown) {
      signal.throwIfAborted();
      const mayCome = hasCode(thrown, "UPDATE_MISSING") && !isLast;
      if (mayCome && clock.head.number < choosing.deadline - 1) return;
      log.error("steps not measured", { cycle, group, ...faultFields(thrown) });
      votes.set(group, null);
    }
  };
  // At first each group asks once, and no longer than for its share of the wait: an update that does not come keeps no other group from its turn.
  for (const isLast of [false, true]) for (const group of names) if (!votes.has(group)) await measure(group, isLast);
  return { votes: names.map((group) => votes.get(group)!), seeds };
};

const inWords = (reductions: ReadonlyMap<number, StepReduction>): string =>
  [...reductions].map(([step, { mean }]) => `${step}:${mean.toFixed(4)}`).join(" ");

/** The text of all groups but one, as far as there is any. */
const otherText = (
  network: Network,
  group: string,
  seeds: Readonly<Record<string, string>>,
  texts: EvaluationTexts,
): OtherText => {
  const others = new Map(
    groupsInOrder(network).flatMap((name) => {
      const text = texts.get(name) ?? accepted(null);
      return name === group || !text.ok ? [] : [[name, { seed: seeds[name]!, sealed: text.value }]];
    }),
  );
  return { groups: others.size, batches: otherBatches(network, others) };
};

/** Opens an update that the majority scored, which is asked for at every block before the deadline. @throws BlockZeroError UPDATE_MISSING */
const openScored = async (
  { participant, cycle, until, deadline }: Choosing,
  base: BaseModel<ModelTensors>,
  { submission, uid }: Selected<Candidate>,
) => {
  const result = await openAtEveryBlock(participant, submission, { base, cycle, until, deadline, isHeld: true });
  if (result.ok) return result;
  throw new BlockZeroError(
    "UPDATE_MISSING",
    `the update of uid ${uid} that the majority scored is ${result.reason} here: ${result.detail}`,
    "nothing to do: other validators' ballots decide; without one the model stays",
  );
};
