import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import type { Device } from "#shared/engine/device.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { frozenShapes } from "#shared/model/shard.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import { inMemory, readAll } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { watchPeaks } from "../large/anonymous-memory.js";
import { median } from "../median.js";
import { collect } from "../memory/sample.js";
import type { Base, Watch } from "./base.js";

export interface TrainedShard {
  readonly update: Parameters;
  /** Median of the steps but the first. */
  readonly stepSeconds: number;
  /** Peak of this process's own memory, bytes, the whole model in it; 0 where the system does not tell. */
  readonly peakMemory: number;
}

/** One miner's training of a group in the mode of the network. The text depends on neither mode nor base. */
export const trainShard = async (
  device: Device,
  { network, parameters, training }: Omit<Base, "routers">,
  group: string,
  { signal, onStep }: Watch,
): Promise<TrainedShard> => {
  const { model, groups } = network;
  const pick = (shapes: object): Parameters =>
    Object.fromEntries(Object.keys(shapes).map((name) => [name, parameters[name]!]));
  const config = loadConfig(minerSettings, { env: {}, flags: { ...training, expert_group: group } });
  const what = `${group}, ${model.shard!.mode}`;
  const seconds: number[] = [];
  // What is before it, and what it leaves behind, is not its own.
  collect();
  const { result: update, peaks } = await watchPeaks(async () => {
    const hub = frozenInMemory(pick(hubShapes(model, groups)));
    const trainer = await createShardTrainer({ device, network, group, config, hub, miner: "shards" });
    let before = performance.now();
    try {
      const trained = await trainer.train(inMemory(pick(groupShapes(model, groups[group]!))), {
        cycle: 1,
        frozen: inMemory(pick(frozenShapes(network, group))),
        stop: () => false,
        signal,
        onStep: ({ step }) => {
          const now = performance.now();
          seconds.push((now - before) / 1000);
          before = now;
          onStep?.(what, step + 1, config.max_steps);
        },
      });
      return await readAll(trained.update);
    } finally {
      await trainer.dispose();
    }
  });
  collect();
  const counted = seconds.length > 1 ? seconds.slice(1) : seconds;
  return { update, stepSeconds: median(counted), peakMemory: peaks.anonymous };
};
