import { tmpdir } from "node:os";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import type { Device } from "#shared/engine/device.js";
import { withUpdate } from "#shared/evaluation/change.js";
import { ownChoices } from "#shared/evaluation/own-choices.js";
import { shardLosses } from "#shared/evaluation/shard-losses.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { frozenShapes } from "#shared/model/shard.js";
import type { Network } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import { inMemory, readAll } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import type { Base, Watch } from "./base.js";

/** How miners train. */
export interface Way {
  readonly mode: Exclude<Shard["mode"], "anchored">;
  /** `training.affinity`, without effect in `full`. */
  readonly affinity: number;
}

export interface DriftOptions extends Watch {
  readonly way: Way;
  readonly cycles: number;
}

/** A group after a cycle. Losses are of its reference text, nats a token. */
export interface Drifted {
  readonly cycle: number;
  readonly group: string;
  /** Of the whole model, which validators and users have. */
  readonly whole: number;
  /** Of what a miner of `restricted` computes with. */
  readonly shard: number;
  /** Share of the whole router's choices that fall on the group's experts, 0–1. */
  readonly ownChoices: number;
}

/** What of an update is taken at most: the part with the lowest loss of the whole model, or none. */
const PARTS = [1, 0.5, 0.25];

/**
 * One miner a group, cycle after cycle: its update changes the model where that lowers the whole model's loss. Gives each group at first and after
 * each cycle.
 */
export async function* learnOn(device: Device, base: Base, options: DriftOptions): AsyncGenerator<Drifted> {
  const { way, cycles, signal, onStep } = options;
  const network: Network = { ...base.network, model: { ...base.network.model, shard: { mode: way.mode } } };
  const groups = Object.keys(network.groups);
  let { parameters } = base;
  const trainers = new Map<string, ShardTrainer>();
  try {
    for (const group of groups) trainers.set(group, await openTrainer(device, { ...base, network }, { group, way }));
    let losses = await lossesOf(device, network, parameters, signal);
    for (let cycle = 0; ; cycle++) {
      const own = await ownChoices(device, network, parameters);
      for (const group of groups) yield { cycle, group, ...losses.get(group)!, ownChoices: own[group]! };
      if (cycle === cycles) return;
      let next = parameters;
      for (const group of groups) {
        const pick = (shapes: object) => pickOf(parameters, shapes);
        const { update } = await trainers
          .get(group)!
          .train(inMemory(pick(groupShapes(network.model, network.groups[group]!))), {
            cycle,
            frozen: inMemory(pick(frozenShapes(network, group))),
            stop: () => false,
            signal,
            onStep: ({ step }) => onStep?.(`cycle ${cycle + 1}, ${group}`, step + 1, base.training.max_steps),
          });
        const change = await readAll(update);
        let lowest = losses.get(group)!.whole;
        for (const part of PARTS) {
          const scaled = scaledBy(change, part);
          const alone = { ...network, groups: { [group]: network.groups[group]! } };
          const after = await lossesOf(device, alone, changed(parameters, scaled), signal);
          const { whole } = after.get(group)!;
          if (whole >= lowest) continue;
          lowest = whole;
          next = changed({ ...next, ...pickOf(parameters, change) }, scaled);
        }
      }
      parameters = next;
      losses = await lossesOf(device, network, parameters, signal);
    }
  } finally {
    for (const trainer of trainers.values()) await trainer.dispose();
  }
}

const openTrainer = (
  device: Device,
  { network, parameters, training }: Omit<Base, "routers">,
  { group, way }: { readonly group: string; readonly way: Way },
): Promise<ShardTrainer> => {
  const flags = { ...training, expert_group: group, "training.affinity": way.affinity };
  const config = loadConfig(minerSettings, { env: {}, flags });
  const hub = frozenInMemory(pickOf(parameters, hubShapes(network.model, network.groups)));
  return createShardTrainer({ device, network, group, config, hub, miner: "drift" });
};

const lossesOf = async (
  device: Device,
  network: Network,
  parameters: Parameters,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Pick<Drifted, "whole" | "shard">>> => {
  const restricted = { ...network, model: { ...network.model, shard: { mode: "restricted" } as const } };
  const losses = shardLosses(device, restricted, parameters, {
    margin: Number.POSITIVE_INFINITY,
    memory: Number.POSITIVE_INFINITY,
    folder: tmpdir(),
    signal,
  });
  const byGroup = new Map<string, Pick<Drifted, "whole" | "shard">>();
  for await (const { group, whole, shard } of losses) byGroup.set(group, { whole, shard });
  return byGroup;
};

const pickOf = (parameters: Parameters, shapes: object): Parameters =>
  Object.fromEntries(Object.keys(shapes).map((name) => [name, parameters[name]!]));

const scaledBy = (change: Parameters, part: number): Parameters =>
  Object.fromEntries(
    Object.entries(change).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.map((x) => part * x) }]),
  );

const changed = (parameters: Parameters, change: Parameters): Parameters =>
  withUpdate(parameters, new Map(Object.entries(change)));
