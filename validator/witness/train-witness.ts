import type { Device } from "#shared/engine/device.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { openBaseWeights, openFrozenWeights, openHubWeights } from "#shared/shard-training/base-weights.js";
import { obtainShards } from "#shared/shard-training/obtain-shards.js";
import { createShardTrainer, type ShardTrainerOptions } from "#shared/shard-training/shard-trainer.js";
import { streamOwner } from "#shared/shard-training/stream-secret.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import type { FloatSource } from "#shared/training/float-source.js";
import type { WitnessFiles } from "./witness-files.js";
import { witnessSettings } from "./witness-settings.js";
import type { WitnessPlace } from "./witnesses.js";

/** Of its steps that a training must have taken to be a witness. */
const ENOUGH = 1 / 2;

export interface WitnessTask extends WitnessPlace {
  readonly device: Device;
  readonly timer?: BlockTimer;
  /** Bytes that a step as one graph may take. */
  readonly memory: number;
  /** Which of the group's witnesses: each has text of its own. */
  readonly index: number;
  /** Aborts when the time before the reveal phase is over. */
  readonly until: AbortSignal;
  /** Part of the time that is left which this one may take, in (0, 1], that for its text and the model included: strangers may send these. */
  readonly part: number;
  readonly files: WitnessFiles;
}

/**
 * Trains a group of a cycle's model as its miners do, with AdamW's moments at zero, and keeps what its tensors gained, if it took enough of its steps.
 *
 * @returns whether it did
 * @throws FETCH_TIMEOUT where what it needs is not here in its part of the time; what training throws; the reason of `until`
 */
export const trainWitness = async (participant: Participant, task: WitnessTask): Promise<boolean> => {
  const { network, clock, log } = participant;
  const { cycle, model, group, index, timer, until, part, files } = task;
  const { max_steps } = witnessSettings(network.scoring.witness!);
  const { start } = phaseWindow(cycle, "reveal", network.phases);
  const begun = Date.now();
  const from = clock.head.number;
  const last = from + Math.max(1, Math.floor(part * (start - from)));
  const { trainer, weights, frozen, close } = await openInTime(participant, task, last);
  try {
    const { run, update } = await trainer.train(weights, {
      cycle,
      frozen,
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
    if (isEnough) await files.write({ cycle, model, group }, index, update);
    if (isEnough) log.info("trained a witness", figures);
    else log.debug("too few steps for a witness", figures);
    return isEnough;
  } finally {
    await close();
  }
};

/** What a training is made with. */
interface Opened {
  readonly trainer: ShardTrainer;
  readonly weights: FloatSource;
  readonly frozen: FloatSource | undefined;
  readonly close: () => Promise<void>;
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
  { cycle, model, group, index, device, memory }: WitnessTask,
): Promise<Opened> => {
  const { models, network, home, signer, signal } = participant;
  const config = witnessSettings(network.scoring.witness!);
  const miner = `${streamOwner(home, signer.address)}/witness ${index}`;
  const base = { hash: model, manifest: await models.manifest(model, signal) };
  await obtainShards(participant, { group, config, miner }, cycle);
  const closing: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const each of closing.reverse()) await each();
  };
  try {
    const weights = await openBaseWeights(participant, base, group);
    closing.push(weights.close);
    const frozen = await openFrozenWeights(participant, base, group);
    if (frozen) closing.push(frozen.close);
    const trainer = await openTrainer(participant, base, { device, network, group, config, miner, memory });
    closing.push(trainer.dispose);
    return { trainer, weights, frozen, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
};

/** The trainer closes the hub, which it needs as long as it lasts. */
const openTrainer = async (
  participant: Participant,
  base: Parameters<typeof openHubWeights>[1],
  options: Omit<ShardTrainerOptions, "hub">,
): Promise<ShardTrainer> => {
  const hub = await openHubWeights(participant, base);
  try {
    return await createShardTrainer({ ...options, hub });
  } catch (thrown) {
    await hub.close();
    throw thrown;
  }
};
