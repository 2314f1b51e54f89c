import type { DocumentSource } from "#shared/data/source.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type LossMeter, otherBatches, stepBatches } from "#shared/evaluation/loss-meter.js";
import {
  type Directions,
  type MeasuredCandidates,
  measureCandidates,
  type OtherText,
} from "#shared/evaluation/measure-candidates.js";
import type { Selected } from "#shared/merge/selection.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { BaseModel } from "#shared/participant/agreement/base-model.js";
import type { Patience } from "#shared/participant/at-every-block.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { accepted } from "#shared/protocol/parsed.js";
import { dueBlock, phaseWindow } from "#shared/protocol/phases.js";
import { groupsInOrder } from "#shared/replay/ballots.js";
import { type OpenUpdate, withDirections } from "#shared/replay/directions.js";
import type { Candidate, MergePlan } from "#shared/replay/merge-plan.js";
import type { EvaluationTexts } from "../judge/evaluation-text.js";
import { openAtEveryBlock } from "../judge/gate-with-blame.js";
import { remedyFor } from "../judge/remedy.js";
import { timeUntil } from "../time-left.js";

/** Who chooses, in which cycle, and how long lost updates are asked for. */
export interface Choosing extends Patience {
  readonly participant: Participant;
  readonly meter: LossMeter;
  readonly cycle: number;
  /** Predicts when a block will come. Without it, a group's measuring ends when its block is seen. */
  readonly timer: BlockTimer | undefined;
}

/** What the candidate steps of all groups are measured with. */
export interface Measuring extends Choosing {
  readonly plan: MergePlan;
  readonly base: BaseModel<ModelTensors>;
  /** All tensors of the base. */
  readonly model: ModelTensors;
  readonly texts: EvaluationTexts;
  /** By group. */
  readonly seeds: Readonly<Record<string, string>>;
}

/** A group's turn to be measured. */
export interface GroupTurn {
  readonly group: string;
  /** Groups that have no vote yet, this one among them: they share the time that is left. */
  readonly waiting: number;
  /** Whether its updates are asked for until the deadline, and not once. */
  readonly isLast: boolean;
}

/** Measures a group's candidate steps. @throws BlockZeroError NO_TEXT, UPDATE_MISSING, and what reading and measuring throw */
export const measureGroup = async (measuring: Measuring, turn: GroupTurn): Promise<MeasuredCandidates> => {
  const { participant, meter, plan, base, texts } = measuring;
  const { group } = turn;
  const text = texts.get(group) ?? accepted(null);
  if (!text.ok) throw new BlockZeroError("NO_TEXT", text.problem, "see what the log says of the text");
  return withDirections(
    cycleSource(participant),
    { base, plan, group, inFiles: meter.isLayerMajor ?? false },
    updatesOpened(measuring, turn),
    (directions) => measureAlong(measuring, turn, { directions, text: text.value }),
  );
};

/** Opens a group's updates, each of which may take the group's share of the wait from now on. */
const updatesOpened = (measuring: Measuring, { waiting, isLast }: GroupTurn) => {
  const { participant, until, deadline } = measuring;
  const { clock } = participant;
  const { number } = clock.head;
  const last = isLast ? deadline : number + Math.max(1, Math.floor((deadline - number) / waiting));
  return (update: Selected<Candidate>): Promise<OpenUpdate> =>
    untilBlock(clock, last, until, (until) =>
      openScored(measuring, update, { until, deadline: isLast ? deadline : 0 }),
    );
};

/** Opens an update that the majority scored, which is asked for at every block before the deadline. @throws BlockZeroError UPDATE_MISSING */
const openScored = async (
  { participant, cycle, base }: Measuring,
  { submission, uid }: Selected<Candidate>,
  patience: Patience,
): Promise<OpenUpdate> => {
  const result = await openAtEveryBlock(participant, submission, { base, cycle, ...patience, isHeld: true });
  if (result.ok) return result;
  throw new BlockZeroError(
    "UPDATE_MISSING",
    `the update of uid ${uid} that the majority scored is ${result.reason} here: ${result.detail}`,
    remedyFor(result, "other validators' ballots decide; without one the model stays"),
  );
};

const measureAlong = (
  { participant, meter, cycle, timer, model, texts, seeds }: Measuring,
  { group, waiting }: GroupTurn,
  { directions, text }: { readonly directions: Directions; readonly text: DocumentSource | null },
): Promise<MeasuredCandidates> => {
  const { clock, network } = participant;
  // Not before: an update may have been waited for.
  const { number } = clock.head;
  const left = Math.max(1, dueBlock(phaseWindow(cycle, "choose", network.phases)) - number);
  return measureCandidates(meter, {
    model,
    group: network.groups[group]!,
    directions,
    outer: network.training.outer,
    batches: stepBatches(network, group, seeds[group]!, text),
    others: otherText({ participant, texts, seeds }, group),
    time: timeUntil(clock, number + Math.ceil(left / waiting), timer),
  });
};

/** The text of all groups but one, as far as there is any. */
const otherText = (
  { participant: { network }, texts, seeds }: Pick<Measuring, "participant" | "texts" | "seeds">,
  group: string,
): OtherText => {
  const others = new Map(
    groupsInOrder(network).flatMap((name) => {
      const text = texts.get(name) ?? accepted(null);
      return name === group || !text.ok ? [] : [[name, { seed: seeds[name]!, sealed: text.value }]];
    }),
  );
  return { groups: others.size, batches: otherBatches(network, others) };
};
