import type { IdleGate } from "#shared/continuous/idle-gate.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import type { Participant } from "#shared/participant/participant.js";
import type { Journal } from "#shared/participant/writes/journal.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";
import type { MinerConfig } from "./config.js";
import type { MinerJournal } from "./journal.js";

export interface Miner {
  readonly participant: Participant;
  readonly config: MinerConfig;
  readonly journal: Journal<MinerJournal>;
  readonly trainer: ShardTrainer;
  readonly metrics: MetricsSink;
  /** Tells when a block will come; without it training ends when the block is seen. */
  readonly timer?: BlockTimer;
  /** Who has the device: training, Sprints and duty, or idle time, which gives way to them. */
  readonly gate: IdleGate;
}
