import type { DeviceKind } from "#shared/engine/runtime/device-choice.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { obtainShards } from "#shared/shard-training/obtain-shards.js";
import { streamOwner } from "#shared/shard-training/stream-secret.js";
import type { Worker } from "#shared/shard-training/worker/worker.js";
import type { WorkerJob } from "#shared/shard-training/worker/worker-messages.js";
import type { WitnessFiles } from "./witness-files.js";
import type { WitnessProcess } from "./witness-process.js";
import { witnessSettings } from "./witness-settings.js";
import type { WitnessWeights } from "./witness-weights.js";
import type { WitnessPlace } from "./witnesses.js";

/** Of its steps that a training must have taken to be a witness. */
const ENOUGH = 1 / 2;

export interface WitnessTask extends WitnessPlace {
  readonly device: DeviceKind;
  readonly timer?: BlockTimer;
  /** Bytes that a step as one graph may take. */
  readonly memory: number;
  /** Which of the group's witnesses: each has text of its own. */
  readonly index: number;
  /** Aborts when the time before the reveal phase is over. */
  readonly until: AbortSignal;
  /** Part of the time left that this one may take, in (0, 1]. Time for its text and the model counts: strangers may send these. */
  readonly part: number;
  readonly files: WitnessFiles;
  readonly weights: WitnessWeights;
  readonly process: WitnessProcess;
}

/**
 * Trains a group of a cycle's model as its miners do, with AdamW's moments at zero. Keeps what its tensors gained, if it took enough of its steps. It
 * trains in a process of its own: a step may take seconds, in which this one serves the model.
 *
 * @returns whether it did
 * @throws FETCH_TIMEOUT where what it needs is not here in its part of the time; WORKER_DIED, and what training throws; the reason of `until`
 */
export const trainWitness = async (participant: Participant, task: WitnessTask): Promise<boolean> => {
  const { network, clock, log } = participant;
  const { cycle, model, group, index, timer, until, part, files } = task;
  const { max_steps } = witnessSettings(network.scoring.witness!);
  const { start } = phaseWindow(cycle, "reveal", network.phases);
  const begun = Date.now();
  const from = clock.head.number;
  const last = from + Math.max(1, Math.floor(part * (start - from)));
  const { worker, job } = await openInTime(participant, task, last);
  const run = await worker.train(job, {
    stop: () => until.aborted,
    signal: until,
    deadline: () => {
      const end = timer?.expected(start);
      return end === undefined ? undefined : begun + part * (end - begun);
    },
    progress: () => Math.min(1, (clock.head.number - from) / (last - from)),
  });
  const taken = run.steps - run.skipped;
  const isEnough = taken >= ENOUGH * max_steps;
  const figures = { cycle, group, witness: index, steps: taken, loss: run.lastLoss.toFixed(4) };
  if (isEnough) await files.keep({ cycle, model, group }, index);
  if (isEnough) log.info("trained a witness", figures);
  else log.debug("too few steps for a witness", figures);
  return isEnough;
};

/** A process that can begin, and what it is to do. */
interface Opened {
  readonly worker: Worker;
  readonly job: WorkerJob;
}

/** Text and model may have to be fetched. Whoever sends them slowly takes no more than this training's time. */
const openInTime = (participant: Participant, task: WitnessTask, last: number): Promise<Opened> =>
  untilBlock(participant.clock, last, task.until, async (signal) => {
    try {
      return await open({ ...participant, signal }, task);
    } catch (thrown) {
      task.until.throwIfAborted();
      if (!signal.aborted) throw thrown;
      throw new BlockZeroError(
        "FETCH_TIMEOUT",
        `what training group "${task.group}" takes was not here at block ${last}`,
        "the other groups go on; the next cycle asks again",
      );
    }
  });

const open = async (
  participant: Participant,
  { cycle, model, group, index, device, memory, files, weights, process }: WitnessTask,
): Promise<Opened> => {
  const { models, network, home, signer, signal } = participant;
  const config = witnessSettings(network.scoring.witness!);
  const miner = `${streamOwner(home, signer.address)}/witness ${index}`;
  const base = { hash: model, manifest: await models.manifest(model, signal) };
  await obtainShards(participant, { group, config, miner }, cycle);
  const { hub, ...copied } = await weights.copy(participant, base, group);
  const worker = await process.open({ network, group, config, device, miner, replica: 0, hub, memory });
  const { update } = files.underWay;
  return { worker, job: { ...copied, update, cycle, model: undefined, maxSteps: undefined } };
};
