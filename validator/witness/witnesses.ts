import type { Participant } from "#shared/participant/participant.js";
import type { OpenWeights } from "#shared/training/checkpoint-tensors.js";

/** Where a witness is needed: a group of the model that a cycle begins from. */
export interface WitnessPlace {
  readonly cycle: number;
  /** Hash of the model, whose files are here. */
  readonly model: string;
  readonly group: string;
}

/**
 * A validator's own trainings: two of each group of a cycle's model, on text that it draws by a secret of its own. Nobody else ever sees them. They
 * tell it what a training has in common with any other: docs/independence.md#witnesses.
 */
export interface Witnesses {
  /** Trains them, as far as there is time before the cycle's reveal phase. Those that were trained before a restart are not trained again. */
  train(participant: Participant, cycle: number, model: string): Promise<void>;
  /** What the tensors of a group gained, both times; empty where not both are there. Close them. @throws what opening a file throws */
  open(participant: Pick<Participant, "home">, place: WitnessPlace): Promise<readonly OpenWeights[]>;
}

/** Trainings of a group in a cycle: from two follows how much of each is what all have in common. */
export const WITNESSES = 2;
