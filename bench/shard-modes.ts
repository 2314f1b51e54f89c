import { PRETRAINING, TRAINING } from "#localnet/training.js";
import { minerSettings } from "#miner/config.js";
import { createShardTrainer } from "#miner/training/shard-trainer.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { loadConfig } from "#shared/config/load.js";
import type { Device } from "#shared/engine/device.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { withUpdate } from "#shared/evaluation/change.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import { shardLosses } from "#shared/evaluation/shard-losses.js";
import { expertsOf, groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { frozenShapes } from "#shared/model/shard.js";
import type { Network } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { inMemory, readAll } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { AFFINITY, pretrain } from "#shared/training/pretrain.js";
import { describeMachine, machine } from "./machine.js";
import { figuresOption, writeFigures } from "./options.js";

interface Flags {
  readonly pretraining: number;
  readonly steps: number;
  readonly json?: string;
}

interface Figure {
  readonly router: "for the groups" | "at large";
  readonly mode: Shard["mode"];
  readonly group: string;
  readonly whole: number;
  readonly shard: number;
  /** Fall of the whole model's loss on the group's reference text by one miner's training, nats. */
  readonly reduction: number;
  readonly stepSeconds: number;
}

const TEMPLATE = "configs/localnet/network.yaml";
/** Experts of every layer that no group owns here, so that each mode is tried on the same groups. */
const ANCHORS = [3, 7];

export const shardModesBench: CommandSpec = {
  name: "shards",
  description:
    "what one miner's training gains in each mode of `model.shard`, with routers trained for the groups and with others",
  examples: ["npm run bench -- shards", "npm run bench -- shards --steps 200 --json shards.json"],
  define: (command) =>
    command
      .option("--pretraining <n>", "steps behind the base models", wholeNumber(1), 400)
      .option("--steps <n>", "steps of a miner's training", wholeNumber(1), TRAINING.max_steps)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ pretraining, steps, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(
    `${describeMachine(here)}\nthe localnet's model and training: ${pretraining} steps, then ${steps} of one miner`,
  );
  const device = onnxCpu({ threads: 1 });
  const figures: Figure[] = [];
  for (const [router, affinity] of [
    ["for the groups", AFFINITY],
    ["at large", 0],
  ] as const) {
    const network = networkOf();
    const options = { network, device, seed: "shards", steps: pretraining, affinity, ...PRETRAINING };
    const base = await pretrain({ ...options, signal: new AbortController().signal });
    for (const mode of MODES)
      figures.push(...(await trained(device, withMode(network, mode), { router, base, steps })));
  }
  const head = ["router trained", "mode", "group", "whole model", "shard", "loss falls by", "ms a step"];
  const rows = figures.map(({ router, mode, group, whole, shard, reduction, stepSeconds }) => [
    router,
    mode,
    group,
    whole.toFixed(4),
    shard.toFixed(4),
    reduction.toFixed(4),
    (1000 * stepSeconds).toFixed(0),
  ]);
  console.log(table([head, ...rows]));
  if (json) writeFigures(json, { machine: here, pretraining, steps, figures });
};

const MODES: readonly Shard[] = [
  { mode: "restricted" },
  { mode: "anchored", anchors: { 0: ANCHORS, 1: ANCHORS } },
  { mode: "full" },
];

/** The localnet's, whose groups leave the anchors to nobody. */
const networkOf = (): Network => {
  const template = loadNetworkTemplate(TEMPLATE);
  const groups = Object.entries(template.groups).map(([name, group]) => {
    const experts = expertsOf(template.model, group).map((ids) =>
      ids.filter((id) => !ANCHORS.includes(id)).slice(0, 3),
    );
    return [name, { ...group, experts: Object.fromEntries(experts.map((ids, layer) => [layer, ids])) }] as const;
  });
  return { ...template, groups: Object.fromEntries(groups), genesis: "0".repeat(64) };
};

const withMode = (network: Network, shard: Shard): Network => ({ ...network, model: { ...network.model, shard } });

const trained = async (
  device: Device,
  network: Network,
  { router, base, steps }: { readonly router: Figure["router"]; readonly base: Parameters; readonly steps: number },
): Promise<Figure[]> => {
  const { model, groups } = network;
  const signal = new AbortController().signal;
  const shards = await shardLosses(device, network, base, { margin: Number.POSITIVE_INFINITY, signal });
  const meter = await createLossMeter(device, network, {
    batchSize: network.scoring.eval_batch_size,
    parameters: base,
  });
  const figures: Figure[] = [];
  try {
    for (const { group, whole, shard } of shards) {
      const pick = (shapes: object) => Object.fromEntries(Object.keys(shapes).map((name) => [name, base[name]!]));
      const config = loadConfig(minerSettings, {
        env: {},
        flags: { ...TRAINING, max_steps: steps, expert_group: group },
      });
      const hub = pick(hubShapes(model, groups));
      const trainer = await createShardTrainer({
        device,
        network,
        group,
        config,
        hub: frozenInMemory(hub),
        miner: "shards",
      });
      const begun = performance.now();
      const update = await trainer
        .train(inMemory(pick(groupShapes(model, groups[group]!))), {
          cycle: 1,
          frozen: inMemory(pick(frozenShapes(network, group))),
          stop: () => false,
        })
        .then((training) => readAll(training.update))
        .finally(() => trainer.dispose());
      const stepSeconds = (performance.now() - begun) / 1000 / steps;
      const only = { ...network, groups: { [group]: groups[group]! } };
      const after = await heldOutLosses(meter, only, withUpdate(base, new Map(Object.entries(update))));
      const mode = network.model.shard!.mode;
      figures.push({ router, mode, group, whole, shard, reduction: whole - after[group]!.loss, stepSeconds });
    }
    return figures;
  } finally {
    await meter.dispose();
  }
};
