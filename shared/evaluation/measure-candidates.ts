import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import { outerStepOfTensor } from "#shared/merge/outer-step.js";
import { allInMemory, inMemory, type ModelTensors } from "#shared/model/model-tensors.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import type { Network } from "#shared/protocol/network.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";
import type { StepVote } from "#shared/protocol/step-vote.js";
import { ENOUGH_TIME, type MeasuringTime } from "#shared/scoring/measuring-time.js";
import { measureElsewhere } from "#shared/scoring/steps/measure-elsewhere.js";
import { measureSteps, type StepReduction } from "#shared/scoring/steps/measure-steps.js";
import { worthwhile } from "#shared/scoring/steps/worth.js";
import { byteBudgetCache, bytesOfTensors } from "#shared/util/byte-budget-cache.js";
import type { LossMeter } from "./loss-meter.js";
import { onePass } from "./one-pass.js";

/** Greatest number of bytes of candidates' changes in memory. Any other change is computed again at each look. */
const KEPT_BYTES = 256 << 20;

/** The directions of a group's candidate steps. Null for a direction that does not exist. Two equal directions are one object. */
export interface Directions extends Readonly<Record<OuterStep["along"], FloatTensors | null>> {
  /** The buffer of the outer optimiser. */
  readonly momentum: FloatTensors | null;
}

export interface CandidateMeasurement {
  /** The whole model that the cycle started from. */
  readonly model: ModelTensors;
  readonly group: ExpertGroup;
  readonly directions: Directions;
  readonly outer: Network["training"]["outer"];
  /** In the order of the seed. */
  readonly batches: readonly Batch[];
  /** Text of the other groups, on which an approved step is held against the base. Not measured if there is none. */
  readonly others?: OtherText | undefined;
  readonly time?: MeasuringTime | undefined;
}

/** Text of all groups but one. */
export interface OtherText {
  readonly groups: number;
  /** As many of each group, by turns. */
  readonly batches: readonly Batch[];
}

/** The result of measuring a group's candidate steps. */
export interface MeasuredCandidates {
  /** The ballot's vote on them, for the base if no candidate exists. Null if the base itself cannot be measured. */
  readonly vote: StepVote;
  /** By number of a step that exists in this cycle. */
  readonly reductions: ReadonlyMap<number, StepReduction>;
  /** The same on the text of the other groups, where it was measured. */
  readonly elsewhere: ReadonlyMap<number, StepReduction>;
  /** Number of forward passes of a batch. */
  readonly passes: number;
  /** Whether time was up before the rules ended it. */
  readonly isShort: boolean;
}

/** Measures by how much each candidate step would lower the loss of a group's model, on the same batches. */
export const measureCandidates = async (
  meter: Pick<LossMeter, "ofGroup">,
  { model, group, directions, outer, batches, others, time }: CandidateMeasurement,
): Promise<MeasuredCandidates> => {
  const steps = stepsThere(directions, outer);
  if (steps.size === 0)
    return {
      vote: { better: [], best: 0 },
      reductions: new Map(),
      elsewhere: new Map(),
      passes: 0,
      isShort: false,
    };
  const { losses, lossesTogether } = await meter.ofGroup(model, group);
  const measured = [...new Set(steps.values())];
  const stepOf = (candidate: number) => outer.steps[measured[candidate]! - 1]!;
  // The same change is measured at several looks.
  const keep = byteBudgetCache<number, FloatTensors>((tensors) => bytesOfTensors(tensors.values()), KEPT_BYTES);
  const changeBy = (candidate: number) =>
    keep(candidate, async () => stepChange(await allInMemory(pick(model, directions)), directions, stepOf(candidate)));
  const on = (text: readonly Batch[]) => {
    const pass =
      lossesTogether &&
      onePass<number>(lossesTogether, text, async (candidate) => ({
        read: async (name) => {
          const { data } = await inMemory(model[name]!);
          return changeOfTensor(name, data, directions, stepOf(candidate));
        },
        close: async () => {},
      }));
    return {
      losses: async (candidate: number | null, from: number, to: number) =>
        pass
          ? ((await pass.losses(candidate, from, to)) ?? [])
          : losses(candidate === null ? null : await changeBy(candidate), text.slice(from, to)),
      ahead: pass?.ahead,
    };
  };
  const now = time?.now ?? ENOUGH_TIME.now;
  const begun = now();
  const { approved, best, reductions, passes, isMeasured, isShort } = await measureSteps({
    rules: { confidence: outer.confidence, batches: batches.length },
    candidates: measured.length,
    ...on(batches),
    time,
  });
  const text = others?.batches ?? [];
  const elsewhere = await measureElsewhere({
    // The likely choice first.
    candidates: approved
      .flatMap((is, candidate) => (is ? [candidate] : []))
      .sort((a, b) => Number(b === best) - Number(a === best) || reductions[b]!.mean - reductions[a]!.mean),
    batches: text.length,
    ...on(text),
    time,
    perBatch: (now() - begun) / Math.max(1, passes),
  });
  const chosen = worthwhile(
    approved.map((is, at) => (is ? { own: reductions[at]!, others: elsewhere.reductions.get(at) ?? null } : null)),
    others?.groups ?? 0,
  );
  const of = new Map([...steps].map(([number, like]) => [number, measured.indexOf(like)]));
  return {
    vote: isMeasured
      ? {
          better: [...of].flatMap(([number, at]) => (chosen.better[at] ? [number] : [])),
          best: chosen.best === null ? 0 : measured[chosen.best]!,
        }
      : null,
    reductions: new Map([...of].map(([number, at]) => [number, reductions[at]!])),
    elsewhere: new Map(
      [...of].flatMap(([number, at]) => {
        const found = elsewhere.reductions.get(at);
        return found ? [[number, found]] : [];
      }),
    ),
    passes: passes + elsewhere.passes,
    isShort: isShort || elsewhere.isShort,
  };
};

/**
 * Numbers of the steps whose direction exists, ascending, each with the lowest number of a step that changes the model in the same way. For
 * example, a single update is at once the merged update, the mean of all updates, and the best update.
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

/** The change that a step adds to the group's weights. @throws TypeError if its direction does not exist */
export const stepChange = (weights: Parameters, directions: Directions, outer: OuterStep): FloatTensors => {
  const along = directions[outer.along];
  if (!along) throw new TypeError(`there is no ${outer.along} update`);
  return new Map(
    [...along].map(([name, { shape }]) => [
      name,
      { shape, data: changeOfTensor(name, weights[name]!.data, directions, outer)! },
    ]),
  );
};

/** The same of one tensor with the weights `before`. Null if the direction does not change it. */
const changeOfTensor = (
  name: string,
  before: Float32Array,
  directions: Directions,
  outer: OuterStep,
): Float32Array | null => {
  const along = directions[outer.along]?.get(name);
  if (!along) return null;
  const state = {
    weights: before.slice(),
    momentum: directions.momentum?.get(name)?.data.slice() ?? new Float32Array(before.length),
  };
  outerStepOfTensor(state, along.data, outer);
  return state.weights.map((value, i) => value - before[i]!);
};

/** The tensors that some direction changes. */
const pick = (model: ModelTensors, { merged, all, best }: Directions): ModelTensors =>
  Object.fromEntries(
    [...new Set([merged, all, best].flatMap((direction) => [...(direction?.keys() ?? [])]))].map((name) => [
      name,
      model[name]!,
    ]),
  );
