import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import type { Participant } from "#shared/participant/participant.js";
import type { WeightsContext } from "#shared/participant/weights/weights-context.js";
import type { Journal } from "#shared/participant/writes/journal.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";
import type { ValidatorJournal } from "./journal.js";
import type { ShardLosses } from "./open-meter.js";
import type { Witnesses } from "./witness/witnesses.js";

export interface Validator {
  readonly participant: Participant;
  readonly journal: Journal<ValidatorJournal>;
  readonly meter: LossMeter;
  /** What measures updates, where that is an operator's own program: candidate steps and the reference losses are always `meter`'s. */
  readonly updateMeter?: LossMeter;
  readonly shardLosses: ShardLosses;
  /** Trainings of its own, to measure independence by. Without it, independence goes by the updates alone. */
  readonly witnesses?: Witnesses;
  readonly weights: WeightsContext;
  readonly metrics: MetricsSink;
  /** Predicts when a block will come. Without it, measuring ends when the block is seen. */
  readonly timer?: BlockTimer;
}
