import type { Device } from "#shared/engine/device.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import type { Participant } from "#shared/participant/participant.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { openBaseWeights, openFrozenWeights, openHubWeights } from "#shared/shard-training/base-weights.js";
import { obtainShards } from "#shared/shard-training/obtain-shards.js";
import { createShardTrainer, type ShardTrainerOptions } from "#shared/shard-training/shard-trainer.js";
import { streamOwner } from "#shared/shard-training/stream-secret.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import type { WitnessFiles } from "./witness-files.js";
import { witnessSettings } from "./witness-settings.js";
import type { WitnessPlace } from "./witnesses.js";

/** Of its steps that a training must have taken to be a witness. */
const ENOUGH = 1 / 2;

/** What to do where the time is too short. */
export const TOO_SLOW = "give the validator a faster device, or have the owner lower scoring.witness.steps";

export interface WitnessTask extends WitnessPlace {
  readonly device: Device;
  readonly timer?: BlockTimer;
  /** Bytes that a step as one graph may take. */
  readonly memory: number;
  /** Which of the group's witnesses: each has text of its own. */
  readonly index: number;
  /** Aborts when the time before the reveal phase is over. */
  readonly until: AbortSignal;
  /** Part of the time that is left which this one may take, in (0, 1]. */
  readonly part: number;
  readonly files: WitnessFiles;
}

/**
 * Trains a group of a cycle's model as its miners do, with AdamW's moments at zero, and keeps what its tensors gained, if it took enough of its steps.
 *
 * @returns whether it did
 * @throws what training throws; the reason of `until`
 */
export const trainWitness = async (
  participant: Participant,
  { cycle, model, group, index, device, timer, memory, until, part, files }: WitnessTask,
): Promise<boolean> => {
  const { models, network, home, signer, clock, log } = participant;
  const config = witnessSettings(network.scoring.witness!);
  const miner = `${streamOwner(home, signer.address)}/witness ${index}`;
  const base = { hash: model, manifest: await models.manifest(model, until) };
  const bounded = { ...participant, signal: until };
  await obtainShards(bounded, { group, config, miner }, cycle);
  const closing: (() => Promise<void>)[] = [];
  try {
    const weights = await openBaseWeights(bounded, base, group);
    closing.push(weights.close);
    const frozen = await openFrozenWeights(bounded, base, group);
    if (frozen) closing.push(frozen.close);
    const trainer = await openTrainer(bounded, base, { device, network, group, config, miner, memory });
    closing.push(trainer.dispose);
    const { start } = phaseWindow(cycle, "reveal", network.phases);
    const begun = Date.now();
    const from = clock.head.number;
    const { run, update } = await trainer.train(weights, {
      cycle,
      frozen,
      stop: () => until.aborted,
      signal: until,
      deadline: () => {
        const end = timer?.expected(start);
        return end === undefined ? undefined : begun + part * (end - begun);
      },
      progress: () => Math.min(1, (clock.head.number - from) / (part * Math.max(1, start - from))),
    });
    const taken = run.steps - run.skipped;
    const figures = { cycle, group, witness: index, steps: taken, loss: run.lastLoss.toFixed(4) };
    if (taken < ENOUGH * config.max_steps) {
      log.warn("too few steps for a training of one's own: independence is measured without it", {
        code: "WITNESS_SHORT",
        ...figures,
        wanted: config.max_steps,
        prevention: TOO_SLOW,
      });
      return false;
    }
    await files.write({ cycle, model, group }, index, update);
    log.info("trained a witness", figures);
    return true;
  } finally {
    for (const close of closing.reverse()) await close();
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
