import { readdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { meanOfUpdates } from "#shared/merge/workers-mean.js";
import { removeWhole } from "#shared/own-program/job-folder.js";
import type { Network } from "#shared/protocol/network.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import { openWorker, type Worker } from "#shared/shard-training/worker/worker.js";
import type { WorkerJob } from "#shared/shard-training/worker/worker-messages.js";
import type { Log } from "#shared/telemetry/log.js";
import { type OpenWeights, writeFloats } from "#shared/training/checkpoint-tensors.js";
import type { FloatSource } from "#shared/training/float-source.js";
import type { InnerRun } from "#shared/training/inner-loop.js";
import { mean } from "#shared/util/mean.js";
import { onAbort } from "#shared/util/on-abort.js";
import type { MinerConfig } from "../config.js";
import { cardOf, cardsOf, countCards, shareCards } from "./worker-cards.js";

export interface WorkerPoolOptions {
  readonly network: Network;
  readonly group: string;
  readonly config: MinerConfig;
  /** Closed once the workers have a copy. */
  readonly hub: FloatSource & Partial<Pick<OpenWeights, "close">>;
  /** As `ShardTrainerOptions.miner`. */
  readonly miner: string;
  /** Folder for the tensors that pass between processes, and the replicas' checkpoints. */
  readonly home: string;
  readonly log: Log;
  /** As of `cardsOf`; by default those of this machine. */
  readonly cards?: readonly string[];
}

/** Replicas of one shard, each in a process of its own on its own stream of data. */
export interface WorkerPool extends ShardTrainer {
  /** Process ids by replica; undefined where it died. */
  readonly pids: readonly (number | undefined)[];
}

/** Folder of a replica's checkpoints. */
export const replicaFolder = (home: string, replica: number): string => join(home, `replica-${replica}`);

/** What passes between processes, also half written, and the checkpoints of a replica. */
const LEFT = /^(?:(?:hub|base|frozen|measured|update-\d+)\.safetensors(?:\.tmp)?|replica-(\d+))$/;

/**
 * Removes what an earlier pool left: all that passed between processes, and checkpoints of replicas that there are no more.
 *
 * @param replicas that there are now, a trainer in the miner's own process among them
 * @throws BlockZeroError FILE_UNWRITABLE
 */
export const removeWorkerFiles = async (home: string, replicas: number): Promise<void> => {
  for (const name of await readdir(home).catch(() => [])) {
    const left = LEFT.exec(name);
    if (left && (left[1] === undefined || Number(left[1]) >= replicas)) await removeWhole(join(home, name));
  }
};

/**
 * Local DiLoCo: N replicas begin each cycle from the same weights and train apart; the mean of what they gained is the update. One
 * that dies costs its share of the cycle, and is started again for the next.
 *
 * @throws BlockZeroError what keeps a worker from opening; from `train` and `losses`, WORKERS_LOST when none of them is left
 */
export const openWorkerPool = async (options: WorkerPoolOptions): Promise<WorkerPool> => {
  const { network, group, config, home, log, miner } = options;
  const { cards = cardsOf(process.env.CUDA_VISIBLE_DEVICES, countCards()) } = options;
  if (shareCards(config, cards))
    log.warn("workers share graphics cards", {
      workers: config.workers,
      cards: cards.length,
      prevention: "set workers to the number of cards, unless each has memory for several",
    });
  const files = {
    hub: join(home, "hub.safetensors"),
    base: join(home, "base.safetensors"),
    frozen: join(home, "frozen.safetensors"),
    measured: join(home, "measured.safetensors"),
  };
  await writeFloats(files.hub, options.hub);
  await options.hub.close?.();
  const threads = Math.max(1, Math.floor((config.threads || availableParallelism()) / config.workers));
  const open = (replica: number): Promise<Worker> => {
    const checkpoints = { dir: replicaFolder(home, replica), intervalSeconds: config.checkpoint_interval_seconds };
    const { device } = config;
    return openWorker(
      { network, group, config: { ...config, threads }, device, miner, replica, hub: files.hub, checkpoints },
      log,
      cardOf(replica, cards),
    );
  };

  const lost = (replica: number, thrown: unknown): void => {
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    log.warn("a worker is lost", { replica, code: thrown.code, reason: reasonOf(thrown), prevention: thrown.hint });
  };

  const opening = await Promise.allSettled(Array.from({ length: config.workers }, (_, replica) => open(replica)));
  const workers = new Map<number, Worker>();
  for (const result of opening) if (result.status === "fulfilled") workers.set(result.value.replica, result.value);
  const failed = opening.find((result) => result.status === "rejected");
  /** Of the last training. */
  let update: Awaited<ReturnType<typeof meanOfUpdates>> | undefined;
  const dispose = async (): Promise<void> => {
    await update?.close();
    await Promise.all([...workers.values()].map((worker) => worker.close()));
  };
  if (failed) {
    await dispose();
    throw failed.reason;
  }

  /** Starts those again that died since. */
  const revive = async (): Promise<void> => {
    for (let replica = 0; replica < config.workers; replica++) {
      if (workers.get(replica)?.isAlive) continue;
      workers.delete(replica);
      await open(replica).then(
        (worker) => void workers.set(replica, worker),
        (thrown) => lost(replica, thrown),
      );
    }
  };

  return {
    get pids() {
      return Array.from({ length: config.workers }, (_, replica) => {
        const worker = workers.get(replica);
        return worker?.isAlive ? worker.pid : undefined;
      });
    },

    async train(from, train) {
      await update?.close();
      update = undefined;
      await writeFloats(files.base, from);
      if (train.frozen) await writeFloats(files.frozen, train.frozen);
      await revive();
      const jobOf = (replica: number): WorkerJob => ({
        cycle: train.cycle,
        model: train.model,
        maxSteps: train.maxSteps,
        frozen: train.frozen && files.frozen,
        base: files.base,
        update: join(home, `update-${replica}.safetensors`),
      });
      const done: { readonly replica: number; readonly run: InnerRun }[] = [];
      await Promise.all(
        [...workers].map(async ([replica, worker]) => {
          try {
            done.push({ replica, run: await worker.train(jobOf(replica), train) });
          } catch (thrown) {
            if (!train.signal?.aborted) lost(replica, thrown);
          }
        }),
      );
      train.signal?.throwIfAborted();
      // A replica that took no step has nothing to average, and would only halve what the others gained.
      const moved = done.filter(({ run }) => run.steps > run.skipped).sort((a, b) => a.replica - b.replica);
      const counted = moved.length > 0 ? moved : done;
      if (counted.length === 0) throw noneLeft();
      log.info("averaged", { cycle: train.cycle, replicas: counted.length, of: config.workers });
      update = await meanOfUpdates(counted.map(({ replica }) => jobOf(replica).update));
      return { run: combined(counted.map(({ run }) => run)), update };
    },
    async losses(weights, { signal, ...heldOut }) {
      const worker = [...workers.values()].find(({ isAlive }) => isAlive);
      if (!worker) throw noneLeft();
      await writeFloats(files.measured, weights);
      signal?.throwIfAborted();
      const measured = worker.losses({ ...heldOut, weights: files.measured });
      // After the job, which it ends.
      const release = signal && onAbort(signal, () => worker.tell({ ...NO_TIME, isOver: true }));
      try {
        return await measured;
      } catch (thrown) {
        signal?.throwIfAborted();
        throw thrown;
      } finally {
        release?.();
      }
    },
    dispose,
  };
};

/** A measurement has no deadline. */
const NO_TIME = { stop: false, deadline: undefined, progress: 0 };

const noneLeft = () =>
  new BlockZeroError("WORKERS_LOST", "no worker is left", "see the warnings above; try fewer workers");

/** Sums of the counts, means of the losses. */
const combined = (runs: readonly InnerRun[]): InnerRun => {
  const sum = (read: (run: InnerRun) => number) => runs.reduce((total, run) => total + read(run), 0);
  return {
    steps: sum(({ steps }) => steps),
    tokens: sum(({ tokens }) => tokens),
    skipped: sum(({ skipped }) => skipped),
    spikes: sum(({ spikes }) => spikes),
    firstLoss: mean(runs.map(({ firstLoss }) => firstLoss)),
    lastLoss: mean(runs.map(({ lastLoss }) => lastLoss)),
  };
};
