import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import type { InnerRun } from "#shared/training/inner-loop.js";
import type { ReplicaStep } from "./trainer.js";

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

/**
 * @param tokensPerStep of all replicas together
 * @param now milliseconds of a monotonic clock
 */
export const observeTraining = (
  instruments: Instruments,
  tokensPerStep: number,
  now: () => number = () => performance.now(),
): TrainingObserver => {
  let taken = 0;
  let since = now();
  const rate = (steps: number) => {
    const seconds = (now() - since) / 1000;
    if (seconds > 0) instruments.set("blockzero_training_tokens_per_second", (steps * tokensPerStep) / seconds);
    since = now();
  };
  return {
    stepped({ step, replica, skipped, spike, learningRate, gradNorm }) {
      if (skipped)
        instruments.add("blockzero_training_steps_skipped_total", 1, { reason: spike ? "spike" : "not_finite" });
      // The replicas' steps are one step of the miner.
      if (replica !== 0) return;
      instruments.add("blockzero_training_steps_total", 1);
      instruments.set("blockzero_training_step", step + 1);
      instruments.set("blockzero_training_learning_rate", learningRate);
      if (Number.isFinite(gradNorm)) instruments.set("blockzero_training_gradient_norm", gradNorm);
      taken++;
      if (taken % RATE_STEPS === 0) rate(RATE_STEPS);
    },
    loss: (mean) => instruments.set("blockzero_training_loss_nats", mean),
    ended({ steps, skipped, tokens, firstLoss, lastLoss }) {
      if (taken > 0 && taken < RATE_STEPS) rate(taken);
      instruments.add("blockzero_training_tokens_total", tokens);
      if (steps <= skipped) return;
      instruments.set("blockzero_training_loss_nats", lastLoss);
      instruments.set("blockzero_training_loss_reduction_nats", firstLoss - lastLoss);
    },
  };
};
