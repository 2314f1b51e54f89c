import type { DocumentSource } from "#shared/data/source.js";
import { type LossMeter, stepBatches } from "#shared/evaluation/loss-meter.js";
import { stepChange, stepsThere } from "#shared/evaluation/measure-candidates.js";
import type { Parameters } from "#shared/model/parameters.js";
import { readDirections } from "#shared/replay/directions.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { highestBound } from "#shared/scoring/steps/measure-steps.js";
import type { EvaluatedCycle } from "./audit-cycle.js";
import type { Findings } from "./findings.js";

export interface GroupBallots {
  readonly group: string;
  /** The whole model that the cycle started from. */
  readonly model: Parameters;
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
  meter: Pick<LossMeter, "ofGroup">,
  { source, base, plan, ballots, openUpdate }: EvaluatedCycle,
  { group, model, text, seed }: GroupBallots,
  tolerance: number,
  findings: Findings,
): Promise<void> => {
  const { network } = source;
  const { outer } = network.training;
  const votes = (ballots.votes.get(group) ?? []).flatMap(({ hotkey, vote }) => (vote ? [{ hotkey, vote }] : []));
  if (votes.length === 0) return;
  const measured = new Map<number, Measured>();
  if (plan.all.has(group)) {
    const directions = await readDirections(source, { base, plan, group }, openUpdate);
    const steps = stepsThere(directions, outer);
    const batches = stepBatches(network, group, seed, text);
    const { losses } = await meter.ofGroup(model, network.groups[group]!);
    const before = await losses(null, batches);
    const rules = { confidence: outer.confidence, candidates: new Set(steps.values()).size };
    for (const number of steps.keys()) {
      const after = await losses(stepChange(model, directions, outer.steps[number - 1]!), batches);
      const reduction = spreadOf(before.map((loss, i) => loss - after[i]!)).mean;
      measured.set(number, { reduction, bound: highestBound(before, after, rules) });
    }
  }
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
