import type { ReplicaStep } from "#shared/shard-training/trainer.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import type { InnerRun } from "#shared/training/inner-loop.js";

/** Steps over which the rate is measured. */
const RATE_STEPS = 10;

/** Shows a training while it runs. */
export interface TrainingObserver {
  /** A replica took or skipped a step. */
  stepped(step: ReplicaStep): void;
  /** Mean loss of the last steps, nats. */
  loss(mean: number): void;
  ended(run: InnerRun): void;
}

export interface ObservedTraining {
  /** Of all replicas together. */
  readonly tokensPerStep: number;
  /** Which take their steps side by side: together one step of the miner. */
  readonly replicas: number;
  /** Steps that are done before the first that is told. By default the first one told is one step. */
  readonly from?: number;
}

/** @param now milliseconds of a monotonic clock */
export const observeTraining = (
  instruments: Instruments,
  { tokensPerStep, replicas, from }: ObservedTraining,
  now: () => number = () => performance.now(),
): TrainingObserver => {
  let last = from;
  /** Steps since the rate was last measured. */
  let taken = 0;
  let isRated = false;
  let since = now();
  const rate = () => {
    const seconds = (now() - since) / 1000;
    if (seconds > 0) instruments.set("blockzero_training_tokens_per_second", (taken * tokensPerStep) / seconds);
    isRated = true;
    taken = 0;
    since = now();
  };
  return {
    stepped({ step, skipped, spike, learningRate, gradNorm }) {
      if (skipped)
        instruments.add("blockzero_training_steps_skipped_total", 1 / replicas, {
          reason: spike ? "spike" : "not_finite",
        });
      // Of replicas the one that is furthest counts: any may be lost.
      if (replicas > 1 && step < (last ?? 0)) return;
      // An operator's own program may tell of every tenth step only, or of one twice.
      const steps = Math.max(0, step + 1 - (last ?? step));
      last = step + 1;
      instruments.add("blockzero_training_steps_total", steps);
      instruments.set("blockzero_training_step", step + 1);
      instruments.set("blockzero_training_learning_rate", learningRate);
      if (Number.isFinite(gradNorm)) instruments.set("blockzero_training_gradient_norm", gradNorm);
      taken += steps;
      if (taken >= RATE_STEPS) rate();
    },
    loss: (mean) => instruments.set("blockzero_training_loss_nats", mean),
    ended({ steps, skipped, tokens, firstLoss, lastLoss }) {
      if (!isRated && taken > 0) rate();
      instruments.add("blockzero_training_tokens_total", tokens);
      if (steps <= skipped) return;
      instruments.set("blockzero_training_loss_nats", lastLoss);
      instruments.set("blockzero_training_loss_reduction_nats", firstLoss - lastLoss);
    },
  };
};
