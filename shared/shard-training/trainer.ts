import type { FloatSource } from "#shared/training/float-source.js";
import type { InnerRun, InnerStep } from "#shared/training/inner-loop.js";

export interface TrainOptions {
  readonly cycle: number;
  /** Hash of the model that the base is of; it names the run in its checkpoints, of which there are none without it. */
  readonly model?: string;
  /**
   * The other groups' weights that the shard computes with, where its mode has such; read when it begins or, layer by layer, in every step: it must
   * stay open until the next training, and through `losses`.
   */
  readonly frozen?: FloatSource | undefined;
  /** Lowers what the configuration allows. */
  readonly maxSteps?: number;
  /** Asked before every step; true ends the training. */
  readonly stop: () => boolean;
  /** Ends a built-in training within its step, at the next place where that can be: a step may take hours. It then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** When the last step must have ended, in milliseconds of the wall clock (`BlockTimer.expected`); undefined while nobody knows. */
  readonly deadline?: () => number | undefined;
  /** Share of the time that has passed, 0–1, for as long as there is no deadline. */
  readonly progress?: () => number;
  readonly onStep?: (step: ReplicaStep) => void;
}

export interface ReplicaStep extends InnerStep {
  /** From 0. */
  readonly replica: number;
}

export interface Training {
  /** Of several replicas: sums, and means of the losses. */
  readonly run: InnerRun;
  /**
   * What the group's expert tensors gained: trained − base, of several replicas the mean. Each is computed when it is read, so read them before the
   * base is closed and before the trainer trains or measures again.
   */
  readonly update: FloatSource;
}

/** Text to measure on: so many batches of the group's held-out text, drawn by a seed of 64 hex digits. */
export interface HeldOut {
  readonly seed: string;
  readonly batches: number;
  /** Ends the measurement at the next place where that can be. It then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Trains one expert group against a frozen hub, cycle after cycle; AdamW's moments live on from one to the next, as in DiLoCo. */
export interface ShardTrainer {
  /** @param base the group's weights to begin from; read when it begins, and once more with the update, since it keeps none of them */
  train(base: FloatSource, options: TrainOptions): Promise<Training>;
  /**
   * Mean loss of each batch with these weights in the group's place, nats; of a batch whose loss is not finite, what it is. Other groups' weights are
   * those of the last training. Not while it trains.
   */
  losses(weights: FloatSource, heldOut: HeldOut): Promise<readonly number[]>;
  /** Ends what is under way, within its step as `signal` does. */
  dispose(): Promise<void>;
}
