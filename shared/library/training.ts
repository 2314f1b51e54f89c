/** A train step, the loop around it, learning-rate schedules, and the measuring of a loss. */
export {
  createEvaluator,
  type Evaluation,
  type Evaluator,
  type EvaluatorOptions,
} from "#shared/evaluation/evaluator.js";
export {
  batchTensors,
  type InnerLoop,
  type InnerRun,
  type InnerStep,
  innerLoop,
} from "#shared/training/inner-loop.js";
export type { NamedFloats, NamedValues, Objective, ObjectiveOptions } from "#shared/training/objective.js";
export { type CosineOptions, cosineWithWarmup, type Schedule } from "#shared/training/schedule.js";
export type { StepResult, TrainStepOptions } from "#shared/training/train-options.js";
export { createTrainStep, type TrainState, type TrainStep } from "#shared/training/train-step.js";
