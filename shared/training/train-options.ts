import type { Device } from "#shared/engine/device.js";
import type { AdamWOptions } from "#shared/engine/optim/adamw.js";
import type { Layered } from "./layers/layered.js";
import type { ObjectiveOptions } from "./objective.js";

export interface TrainStepOptions extends ObjectiveOptions {
  readonly device: Device;
  /** Names of the parameters that AdamW updates. The others are frozen and cost no gradient. */
  readonly trainable: readonly string[];
  /**
   * Runs the layers of a model one after another instead of the whole graph: in less memory, and with one more forward pass. The loss is the mean
   * cross-entropy of this shape, `loss` is not used, and there are no metrics. For devices that compute in host memory.
   */
  readonly layered?: Layered | undefined;
  /** Weight decay applies to matrices only, not to norms and biases. */
  readonly adamw?: Partial<AdamWOptions>;
  /** Largest global norm of the gradient, null for any; 1 by default. */
  readonly clip?: number | null;
  /** Greatest number of micro-batches per step; 1 by default. */
  readonly accumulation?: number;
  /** Called for every step that was not taken because its loss or gradient was not finite. */
  readonly onSkip?: (result: StepResult) => void;
}

export interface StepResult {
  /** Mean over the micro-batches, before the step. */
  readonly loss: number;
  /** Global L2 norm of the mean gradient, before clipping. */
  readonly gradNorm: number;
  /** Whether nothing changed, because the loss or the norm was not finite, or the step was refused. */
  readonly skipped: boolean;
  /** Whether the step was finite, and refused. */
  readonly refused: boolean;
  /** Means over the micro-batches. */
  readonly metrics: Readonly<Record<string, number>>;
}
