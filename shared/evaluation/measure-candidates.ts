import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import { outerStepOfTensor } from "#shared/merge/outer-step.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import type { Network } from "#shared/protocol/network.js";
import type { OuterStep } from "#shared/protocol/outer-step.js";
import type { StepVote } from "#shared/protocol/step-vote.js";
import { measureSteps, type StepReduction } from "#shared/scoring/steps/measure-steps.js";
import { byteBudgetCache, bytesOfTensors } from "#shared/util/byte-budget-cache.js";
import type { LossMeter } from "./loss-meter.js";

/** What candidates' changes take in memory at most, bytes; any others are computed at each look. */
const KEPT_BYTES = 256 << 20;

/** What a group's candidate steps are made of; null for what there is not. One object where two are the same. */
export interface Directions extends Readonly<Record<OuterStep["along"], FloatTensors | null>> {
  /** The buffer of the outer optimiser. */
  readonly momentum: FloatTensors | null;
}

export interface CandidateMeasurement {
  /** The whole model that the cycle started from. */
  readonly model: Parameters;
  readonly group: ExpertGroup;
  readonly directions: Directions;
  readonly outer: Network["training"]["outer"];
  /** In the order of the seed. */
  readonly batches: readonly Batch[];
  readonly isTimeUp?: () => boolean;
}

/** What was found of a group's candidate steps. */
export interface MeasuredCandidates {
  /** What a ballot says of them, the base where there is none; null where the base itself cannot be measured. */
  readonly vote: StepVote;
  /** By number of a step that there is in this cycle. */
  readonly reductions: ReadonlyMap<number, StepReduction>;
  /** Forward passes of a batch. */
  readonly passes: number;
}

/** Measures what a group's model would lose by each candidate step, on the same batches. */
export const measureCandidates = async (
  meter: Pick<LossMeter, "ofGroup">,
  { model, group, directions, outer, batches, isTimeUp }: CandidateMeasurement,
): Promise<MeasuredCandidates> => {
  const steps = stepsThere(directions, outer);
  if (steps.size === 0) return { vote: { better: [], best: 0 }, reductions: new Map(), passes: 0 };
  const { losses } = await meter.ofGroup(model, group);
  // The same change is looked at several times.
  const keep = byteBudgetCache<number, FloatTensors>((tensors) => bytesOfTensors(tensors.values()), KEPT_BYTES);
  const changeBy = (number: number) =>
    keep(number, async () => stepChange(model, directions, outer.steps[number - 1]!));
  const measured = [...new Set(steps.values())];
  const { approved, best, reductions, passes, isMeasured } = await measureSteps({
    rules: { confidence: outer.confidence, batches: batches.length },
    candidates: measured.length,
    losses: async (candidate, from, to) =>
      losses(candidate === null ? null : await changeBy(measured[candidate]!), batches.slice(from, to)),
    ...(isTimeUp && { isTimeUp }),
  });
  const of = new Map([...steps].map(([number, like]) => [number, measured.indexOf(like)]));
  const better = [...of].flatMap(([number, at]) => (approved[at] ? [number] : []));
  return {
    vote: isMeasured ? { better, best: best === null ? 0 : measured[best]! } : null,
    reductions: new Map([...of].map(([number, at]) => [number, reductions[at]!])),
    passes,
  };
};

/**
 * Numbers of the steps that have something to go along, ascending, each with the lowest number of a step that changes the model as it does: where there
 * is a single update it is what is merged, all there is, and the best.
 */
export const stepsThere = (
  directions: Directions,
  { steps }: Pick<Network["training"]["outer"], "steps">,
): ReadonlyMap<number, number> =>
  new Map(
    steps.flatMap(({ along, lr, momentum }, i): [number, number][] => {
      const direction = directions[along];
      if (!direction) return [];
      const like = steps.findIndex(
        (other) => directions[other.along] === direction && other.lr === lr && other.momentum === momentum,
      );
      return [[i + 1, like + 1]];
    }),
  );

/** What a step adds to the group's weights. @throws TypeError where there is nothing to go along */
export const stepChange = (weights: Parameters, directions: Directions, outer: OuterStep): FloatTensors => {
  const along = directions[outer.along];
  if (!along) throw new TypeError(`there is no ${outer.along} update`);
  return new Map(
    [...along].map(([name, { shape, data }]) => {
      const before = weights[name]!.data;
      const state = {
        weights: before.slice(),
        momentum: directions.momentum?.get(name)?.data.slice() ?? new Float32Array(before.length),
      };
      outerStepOfTensor(state, data, outer);
      return [name, { shape, data: state.weights.map((value, i) => value - before[i]!) }];
    }),
  );
};
