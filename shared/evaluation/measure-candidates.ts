import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import { outerStepOfTensor } from "#shared/merge/outer-step.js";
import { inMemory, type ModelTensors } from "#shared/model/model-tensors.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import type { Network } from "#shared/protocol/network.js";
import { type OuterStep, reachOf } from "#shared/protocol/network-file/outer-step.js";
import type { StepVote } from "#shared/protocol/step-vote.js";
import { ENOUGH_TIME, type MeasuringTime } from "#shared/scoring/measuring-time.js";
import { LEAST_PART } from "#shared/scoring/steps/contest.js";
import { measureElsewhere } from "#shared/scoring/steps/measure-elsewhere.js";
import { measureSteps } from "#shared/scoring/steps/measure-steps.js";
import type { StepReduction } from "#shared/scoring/steps/paired.js";
import { type ApprovedStep, worthwhile } from "#shared/scoring/steps/worth.js";
import { byteBudgetCache, bytesOfTensors } from "#shared/util/byte-budget-cache.js";
import type { Change } from "./change.js";
import type { LossMeter } from "./loss-meter.js";
import { onePass } from "./one-pass.js";

/** Greatest number of bytes of candidates' changes in memory. Any other change is computed again at each look. */
const KEPT_BYTES = 256 << 20;

/** Part of the time that is kept for the text of the other groups: a race of steps mostly takes all that it gets. */
const TIME_ELSEWHERE = 1 / 10;

type TensorInMemory = NonNullable<ReturnType<FloatTensors["get"]>>;

/** A tensor that is made from files whenever it is read. */
export interface TensorInFiles {
  readonly shape: readonly number[];
  /** Its elements, in new memory. Only one tensor may be read at a time. */
  read(): Promise<Float32Array>;
}

/** A direction's tensors by name: in memory, or in files. */
export type Direction = ReadonlyMap<string, TensorInMemory | TensorInFiles>;

/** The directions of a group's candidate steps. Null for a direction that does not exist. Two equal directions are one object. */
export interface Directions<D extends Direction = Direction> extends Readonly<Record<OuterStep["along"], D | null>> {
  /** The buffer of the outer optimiser. */
  readonly momentum: D | null;
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
  /** The ballot's vote on them, for the base if no candidate exists. Null if the base itself cannot be measured, or too little was for a vote. */
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

/**
 * Measures by how much each candidate step would lower the loss of a group's model, on the same batches. Where all that are approved cost the other groups
 * more than they gain, those that had left the race before race once more. Where time ended the race before any was approved, and before half of the
 * batches, there is no vote if an update of the group has a positive merit: work that was found good is not voted down for want of time.
 */
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
  const changeBy = (candidate: number) => keep(candidate, () => stepChange(model, directions, stepOf(candidate)));
  const on = (text: readonly Batch[]) => {
    const pass =
      lossesTogether &&
      onePass<number>(lossesTogether, text, async (candidate) => ({
        ...changeOfStep(model, directions, stepOf(candidate)),
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
  const text = others?.batches ?? [];
  const groups = others?.groups ?? 0;
  const home = on(batches);
  const away = on(text);
  const now = time?.now ?? ENOUGH_TIME.now;
  const reaches = measured.map((_, at) => reachOf(stepOf(at)));
  const approved: (ApprovedStep | null)[] = measured.map(() => null);
  const reductions: StepReduction[] = [];
  const batchesOf = (candidate: number) => reductions[candidate]?.batches ?? -1;
  const elsewhere = new Map<number, StepReduction>();
  let [passes, isMeasured, isShort] = [0, false, false];
  /** Races some of the candidates, and measures on the other groups' text what was approved of them. */
  const race = async (those: readonly number[]): Promise<void> => {
    const begun = now();
    const of = (which: number | null) => (which === null ? null : those[which]!);
    const { ahead } = home;
    const raced = await measureSteps({
      // Of the error each candidate has its part, whoever races with it.
      rules: { confidence: 1 - ((1 - outer.confidence) * those.length) / measured.length, batches: batches.length },
      reaches: those.map((candidate) => reaches[candidate]!),
      losses: (which, from, to) => home.losses(of(which), from, to),
      ahead: ahead && ((all, from, to) => ahead(all.map(of), from, to)),
      time: time && text.length > 0 ? timeAtHome(time) : time,
    });
    const { best, reductions: own } = raced;
    const found = await measureElsewhere({
      // The likely choice first.
      candidates: raced.approved
        .flatMap((is, which) => (is ? [which] : []))
        .sort((a, b) => Number(b === best) - Number(a === best) || own[b]!.mean - own[a]!.mean)
        .map((which) => those[which]!),
      groups,
      batches: text.length,
      ...away,
      time,
      perBatch: (now() - begun) / Math.max(1, raced.passes),
    });
    for (const [which, candidate] of those.entries()) {
      if (own[which]!.batches > batchesOf(candidate)) reductions[candidate] = own[which]!;
      const others = found.reductions.get(candidate) ?? null;
      if (others) elsewhere.set(candidate, others);
      if (raced.approved[which]) approved[candidate] = { reach: reaches[candidate]!, own: own[which]!, others };
    }
    isMeasured ||= raced.isMeasured;
    isShort ||= raced.isShort || found.isShort;
    passes += raced.passes + found.passes;
  };
  const all = measured.map((_, candidate) => candidate);
  await race(all);
  let chosen = worthwhile(approved, groups);
  if (approved.some((step) => step !== null) && !chosen.better.includes(true)) {
    // They left for the sake of steps that cost the others more than they gain.
    const longest = Math.max(...all.map(batchesOf));
    const left = all.filter((candidate) => approved[candidate] === null && batchesOf(candidate) < longest);
    if (left.length > 0) await race(left);
    chosen = worthwhile(approved, groups);
  }
  const isTooShort = isShort && Math.max(...all.map(batchesOf)) < LEAST_PART * batches.length;
  const isOpen = isTooShort && directions.merged !== null && approved.every((step) => step === null);
  const of = new Map([...steps].map(([number, like]) => [number, measured.indexOf(like)]));
  return {
    vote:
      isMeasured && !isOpen
        ? {
            better: [...of].flatMap(([number, at]) => (chosen.better[at] ? [number] : [])),
            best: chosen.best === null ? 0 : measured[chosen.best]!,
          }
        : null,
    reductions: new Map([...of].map(([number, at]) => [number, reductions[at]!])),
    elsewhere: new Map(
      [...of].flatMap(([number, at]) => {
        const found = elsewhere.get(at);
        return found ? [[number, found]] : [];
      }),
    ),
    passes,
    isShort,
  };
};

/** The time without the part that is kept for the text of the other groups. */
const timeAtHome = (time: MeasuringTime): MeasuringTime => {
  const all = time.left();
  const kept = Number.isFinite(all) ? TIME_ELSEWHERE * Math.max(0, all) : 0;
  return { ...time, left: () => time.left() - kept };
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
export const stepChange = async (
  model: ModelTensors,
  directions: Directions,
  outer: OuterStep,
): Promise<FloatTensors> => {
  const { read } = changeOfStep(model, directions, outer);
  const change = new Map<string, TensorInMemory>();
  for (const [name, { shape }] of directions[outer.along]!) change.set(name, { shape, data: (await read(name))! });
  return change;
};

/** The same, computed tensor by tensor as it is read. */
export const changeOfStep = (model: ModelTensors, directions: Directions, outer: OuterStep): Change => {
  const along = directions[outer.along];
  if (!along) throw new TypeError(`there is no ${outer.along} update`);
  return {
    async read(name) {
      const direction = along.get(name);
      if (!direction) return null;
      const { data: before } = await inMemory(model[name]!);
      const momentum = directions.momentum?.get(name);
      const state = {
        weights: before.slice(),
        momentum: momentum ? await elementsToChange(momentum) : new Float32Array(before.length),
      };
      outerStepOfTensor(state, "data" in direction ? direction.data : await direction.read(), outer);
      return state.weights.map((value, i) => value - before[i]!);
    },
  };
};

/** A tensor's elements, which the caller may change. */
const elementsToChange = async (tensor: TensorInMemory | TensorInFiles): Promise<Float32Array> =>
  "data" in tensor ? tensor.data.slice() : tensor.read();
