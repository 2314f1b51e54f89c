import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import { mean } from "#shared/util/mean.js";
import type { Validator } from "./context.js";

/** What a newly measured model lost on each batch of a group's reference text. */
export interface MeasuredReference {
  readonly cycle: number;
  readonly group: string;
  /** Nats per token. */
  readonly losses: readonly number[];
}

/**
 * Warns where a group's model is surely worse on its reference text than the best one before it, by the confidence of the network's steps.
 * Remembers the best one. Each step is measured on other text, and may cost other groups something: small rises add up. It decides nothing.
 */
export const tellRise = (
  { participant, journal }: Pick<Validator, "participant" | "journal">,
  { cycle, group, losses }: MeasuredReference,
): void => {
  const { network, networkHash, log } = participant;
  const best = journal.value.lowest[group];
  // Another file may have other text, or draw other batches of it.
  const lowest = best?.network === networkHash && best.losses.length === losses.length ? best.losses : null;
  if (lowest && isSurelyAbove(losses, lowest, network.training.outer.confidence))
    log.warn("a group's model is worse on its reference text than it was", {
      code: "REFERENCE_ROSE",
      cycle,
      group,
      loss: mean(losses).toFixed(4),
      lowest: mean(lowest).toFixed(4),
      prevention:
        "see in the log what the cycles' steps gained, and what they cost elsewhere; lower the miners' learning rate",
    });
  if (!losses.every(Number.isFinite) || (lowest && mean(lowest) <= mean(losses))) return;
  const known = { [group]: { network: networkHash, losses: [...losses] } };
  journal.note((value) => ({ ...value, lowest: { ...value.lowest, ...known } }));
};

/** By Student's one-sided interval of the mean paired difference. */
const isSurelyAbove = (losses: readonly number[], lowest: readonly number[], confidence: number): boolean => {
  const { mean: rise, deviation } = spreadOf(losses.map((loss, batch) => loss - lowest[batch]!));
  return !(rise <= studentQuantile(confidence, losses.length - 1) * (deviation / Math.sqrt(losses.length)));
};
