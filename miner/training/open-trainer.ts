import { join } from "node:path";
import type { IdleGate } from "#shared/continuous/idle-gate.js";
import { openDevice } from "#shared/engine/runtime/open-device.js";
import { modelAtStart, withModelFiles } from "#shared/participant/model-at-start.js";
import type { Participant } from "#shared/participant/participant.js";
import { openBaseWeights, openFrozenWeights, openHubWeights } from "#shared/shard-training/base-weights.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import { streamOwner } from "#shared/shard-training/stream-secret.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import type { MinerConfig } from "../config.js";
import { openOwnTrainer, removeOwnTrainer } from "../own-trainer/own-trainer.js";
import { openWorkerPool, removeWorkerFiles, replicaFolder } from "./worker-pool.js";

/**
 * Fetches the hub and the group of the current model, and compiles the training step or opens the operator's program,
 * before the first cycle needs it.
 */
export const openTrainer = async (
  participant: Participant,
  config: MinerConfig,
  gate: IdleGate,
): Promise<ShardTrainer> => {
  const { models, signal } = participant;
  const group = config.expert_group;
  const hash = await modelAtStart(participant);
  const opened = await withModelFiles(participant, hash, async () => {
    const manifest = await models.manifest(hash, signal);
    // Fetched now, and held against the network file, so that the first cycle need not.
    await (await openBaseWeights(participant, { hash, manifest }, group)).close();
    await (await openFrozenWeights(participant, { hash, manifest }, group))?.close();
    return openHubWeights(participant, { hash, manifest });
  });
  // Not before: waiting for a model's files is no work.
  return gate.work(() => openTrainerWith(participant, config, opened));
};

const openTrainerWith = async (
  participant: Participant,
  config: MinerConfig,
  hub: Awaited<ReturnType<typeof openHubWeights>>,
): Promise<ShardTrainer> => {
  const { network, log } = participant;
  const group = config.expert_group;
  const started = performance.now();
  log.info("compiling the training step", { group, device: config.device });
  const home = join(participant.home, "training");
  const miner = streamOwner(participant.home, participant.signer.address);
  const own = { network, group, config, miner, home: join(home, "own"), log };
  if (config.trainer.command !== undefined) {
    const trainer = await openOwnTrainer({ ...own, hub, openDevice: () => openDevice({ ...config, log }) });
    // Not before: who takes back settings that it refuses goes on with what was trained.
    await removeWorkerFiles(home, 0);
    return trainer;
  }
  await removeWorkerFiles(home, config.workers);
  await removeOwnTrainer(own.home);
  const trainer =
    config.workers > 1
      ? await openWorkerPool({ network, group, config, hub, miner, home, log })
      : await createShardTrainer({
          device: await openDevice({ ...config, log }),
          network,
          group,
          config,
          hub,
          miner,
          keep: { dir: replicaFolder(home, 0), intervalSeconds: config.checkpoint_interval_seconds, log },
        });
  log.info("training step compiled", {
    group,
    workers: config.workers,
    milliseconds: Math.round(performance.now() - started),
  });
  return trainer;
};
