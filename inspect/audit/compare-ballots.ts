import type { Batch } from "#shared/data/loader.js";
import type { DocumentSource } from "#shared/data/source.js";
import { type GroupMeter, type LossMeter, stepBatches } from "#shared/evaluation/loss-meter.js";
import { changeOfStep, type Directions, stepChange, stepsThere } from "#shared/evaluation/measure-candidates.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { Network } from "#shared/protocol/network.js";
import { withDirections } from "#shared/replay/directions.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { highestBound } from "#shared/scoring/steps/highest-bound.js";
import type { EvaluatedCycle } from "./audit-cycle.js";
import type { Findings } from "./findings.js";

export interface GroupBallots {
  readonly group: string;
  /** The whole model that the cycle started from. */
  readonly model: ModelTensors;
  /** The text that the choose phase measured on. */
  readonly text: DocumentSource | null;
  readonly seed: string;
}

/** The effect of a step on the loss, measured here. */
interface Measured {
  /** Mean reduction over all batches, nats per token. */
  readonly reduction: number;
  /** Greatest lower bound over all the looks that a validator takes. */
  readonly bound: number;
}

/**
 * Measures a group's candidate steps again, on all batches. It reports every validator whose ballot approves a step that nobody can have
 * measured as better: the lower bound measured here stays clearly below zero at each look that a validator takes. A ballot that approves
 * nothing although a step is better is only noted, because that validator may have run out of time.
 *
 * @param tolerance nats per token by which the losses of two machines may differ
 */
export const compareBallots = async (
  meter: Pick<LossMeter, "ofGroup" | "isLayerMajor">,
  { source, base, plan, ballots, openUpdate }: EvaluatedCycle,
  { group, model, text, seed }: GroupBallots,
  tolerance: number,
  findings: Findings,
): Promise<void> => {
  const { network } = source;
  const votes = (ballots.votes.get(group) ?? []).flatMap(({ hotkey, vote }) => (vote ? [{ hotkey, vote }] : []));
  if (votes.length === 0) return;
  const measured = plan.all.has(group)
    ? await withDirections(
        source,
        { base, plan, group, inFiles: meter.isLayerMajor ?? false },
        openUpdate,
        async (directions) =>
          measureSteps(await meter.ofGroup(model, network.groups[group]!), {
            model,
            directions,
            outer: network.training.outer,
            batches: stepBatches(network, group, seed, text),
          }),
      )
    : new Map<number, Measured>();
  const better = [...measured].filter(([, { bound }]) => bound > tolerance);
  for (const { hotkey, vote } of votes) {
    const said = `ballot of ${hotkey} on "${group}"`;
    for (const number of vote.better) {
      const found = measured.get(number);
      if (!found) findings.diverges(`${said}: it approves step ${number}, which there is not in this cycle`);
      else if (!(found.bound > -tolerance))
        findings.diverges(
          `${said}: it approves step ${number}, which lowers the loss by ${found.reduction} here, at least by ${found.bound} at its best look`,
        );
    }
    const [missed] = better;
    if (vote.better.length === 0 && missed)
      findings.note(
        `${said}: it approves nothing, where step ${missed[0]} lowers the loss by ${missed[1].reduction} here`,
      );
  }
};

interface StepsToMeasure {
  readonly model: ModelTensors;
  readonly directions: Directions;
  readonly outer: Network["training"]["outer"];
  readonly batches: readonly Batch[];
}

/** By number of a step that exists in the cycle. Steps that are the same are measured once. */
const measureSteps = async (
  { losses, lossesTogether }: GroupMeter,
  { model, directions, outer, batches }: StepsToMeasure,
): Promise<ReadonlyMap<number, Measured>> => {
  const steps = stepsThere(directions, outer);
  const alike = [...new Set(steps.values())];
  const stepOf = (number: number) => outer.steps[number - 1]!;
  const oneByOne = async (): Promise<number[][]> => {
    const all = [await losses(null, batches)];
    for (const number of alike) all.push(await losses(await stepChange(model, directions, stepOf(number)), batches));
    return all;
  };
  const [before, ...after] = lossesTogether
    ? await lossesTogether([null, ...alike.map((number) => changeOfStep(model, directions, stepOf(number)))], batches)
    : await oneByOne();
  const rules = { confidence: outer.confidence, candidates: alike.length };
  const found = alike.map((_, i): Measured => {
    const reduction = spreadOf(before!.map((loss, batch) => loss - after[i]![batch]!)).mean;
    return { reduction, bound: highestBound(before!, after[i]!, rules) };
  });
  return new Map([...steps].map(([number, like]) => [number, found[alike.indexOf(like)]!]));
};
