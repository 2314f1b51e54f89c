import type { DeviceChoice } from "#shared/engine/runtime/device-choice.js";
import type { ErrorCode } from "#shared/errors/error.js";
import type { Network } from "#shared/protocol/network.js";
import type { InnerRun } from "#shared/training/inner-loop.js";
import type { KeepOptions } from "../checkpoint-runs.js";
import type { ShardSettings } from "../settings.js";
import type { HeldOut, ReplicaStep } from "../trainer.js";

/** What a worker process is to train. Tensors go through files. */
export interface WorkerTask {
  readonly network: Network;
  readonly group: string;
  /** Its threads are the worker's own. */
  readonly config: ShardSettings;
  readonly device: DeviceChoice;
  /** Seeds the training stream. */
  readonly miner: string;
  readonly replica: number;
  /** File of the hub's weights. */
  readonly hub: string;
  /** Where it keeps checkpoints, if it does. */
  readonly checkpoints?: Omit<KeepOptions, "log">;
  /** Bytes that a step as one graph may take; by default a share of this machine's. */
  readonly memory?: number;
}

/** What the program that started it knows of the time, told again and again while a worker trains. */
export interface WorkerClock {
  readonly stop: boolean;
  /** The step under way is to end as well. */
  readonly isOver: boolean;
  readonly deadline: number | undefined;
  readonly progress: number;
}

export interface WorkerJob {
  readonly cycle: number;
  readonly model: string | undefined;
  readonly maxSteps: number | undefined;
  /** File of the other groups' weights that the shard computes with, where its mode has such. */
  readonly frozen: string | undefined;
  /** Files of the weights to start from and, once done, of what they gained. */
  readonly base: string;
  readonly update: string;
}

export interface MeasureJob extends Omit<HeldOut, "signal"> {
  /** File of the weights to measure. */
  readonly weights: string;
}

export type ToWorker =
  | { readonly type: "open"; readonly task: WorkerTask }
  | { readonly type: "train"; readonly job: WorkerJob; readonly clock: WorkerClock }
  | { readonly type: "measure"; readonly job: MeasureJob }
  | { readonly type: "clock"; readonly clock: WorkerClock }
  | { readonly type: "close" };

export type FromWorker =
  | { readonly type: "opened" }
  | { readonly type: "step"; readonly step: ReplicaStep }
  | { readonly type: "trained"; readonly run: InnerRun }
  | { readonly type: "measured"; readonly losses: readonly number[] }
  | { readonly type: "failed"; readonly code: ErrorCode; readonly message: string; readonly hint: string }
  | {
      readonly type: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields: Record<string, unknown>;
    };
