/**
 * The PyTorch trainer of `examples/` beside the built-in one: the same shard, text and settings, in `torchrun` with two processes over gloo. Its
 * update must be ours to rounding, and lower the held-out loss as ours does. The mode `memory` asks what it holds while the model is shared out.
 *
 *     node dist/tests/interop/pytorch-trainer.js venv/bin [mode …]
 *
 * with torch, transformers and safetensors in the virtual environment. Exits with 1 where they differ.
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type MinerConfig, minerSettings } from "#miner/config.js";
import { openOwnTrainer } from "#miner/own-trainer/own-trainer.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { loadConfig } from "#shared/config/load.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import type { Log } from "#shared/telemetry/log.js";
import { type FloatSource, inMemory } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { mean } from "#shared/util/mean.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { microParameters } from "../shared/model/micro.js";
import { template } from "../support/micro-network.js";
import { trained } from "../support/trained.js";

const TRAINER = fileURLToPath(new URL("../../../examples/pytorch-trainer/train.py", import.meta.url));
const LETS_GO = fileURLToPath(new URL("../../../tests/interop/trainer_lets_go.py", import.meta.url));
const PROCESSES = 2;
const MODEL = "a".repeat(64);
const HELD_OUT = { seed: "7".repeat(64), batches: 8 };
/** Largest difference of the updates, relative to their norm. */
const TOLERANCE = 1e-3;

const MODES: Readonly<Record<string, { readonly shard: Shard; readonly sequences?: "isolated" }>> = {
  restricted: { shard: { mode: "restricted" } },
  anchored: { shard: { mode: "anchored", anchors: { 0: [3], 1: [3] } } },
  full: { shard: { mode: "full" } },
  isolated: { shard: { mode: "full" }, sequences: "isolated" },
};

const device = onnxCpu({ threads: 1 });
const log: Log = {
  debug: () => undefined,
  info: (message, fields) => process.env.VERBOSE && console.log(message, fields),
  warn: (message, fields) => console.log(message, fields),
  error: (message, fields) => console.log(message, fields),
};

const networkOf = ({ shard, sequences }: (typeof MODES)[string]): Network => ({
  ...template,
  genesis: "0".repeat(64),
  model: { ...template.model, num_hidden_layers: 2, shard },
  groups: {
    math: { ...template.groups.math!, experts: { 0: [0, 2], 1: [1, 2] } },
    prose: { ...template.groups.prose!, experts: { 0: [1], 1: [0] } },
  },
  data: { ...template.data, ...(sequences && { sequences }) },
});

const configOf = (command?: string): MinerConfig =>
  loadConfig(minerSettings, {
    env: {},
    flags: {
      expert_group: "math",
      batch_size: 4,
      gradient_accumulation_steps: 2,
      learning_rate: 0.01,
      warmup_steps: 2,
      max_steps: 12,
      threads: 1,
      "trainer.command": command,
    },
  });

const norm = (update: FloatTensors, of: (name: string, i: number, value: number) => number): number =>
  Math.sqrt(
    [...update].reduce(
      (sum, [name, { data }]) => data.reduce((all, value, i) => all + of(name, i, value) ** 2, sum),
      0,
    ),
  );

/** Of two updates, relative to the first one's norm. */
const distance = (ours: FloatTensors, theirs: FloatTensors): number =>
  norm(ours, (name, i, value) => value - theirs.get(name)!.data[i]!) / norm(ours, (_name, _i, value) => value);

const trainedBy = async (trainer: ShardTrainer, base: FloatSource, frozen: FloatSource, cycle = 1) => {
  const losses: number[] = [];
  const options = { cycle, model: MODEL, frozen, stop: () => false };
  const training = trainer.train(base, { ...options, onStep: ({ loss }) => losses.push(loss) });
  return { ...(await trained(training)), losses };
};

const compare = async (bin: string, mode: string): Promise<boolean> => {
  const network = networkOf(MODES[mode]!);
  const parameters = microParameters(network.model);
  const pick = (names: object): Parameters =>
    Object.fromEntries(Object.keys(names).map((name) => [name, parameters[name]!]));
  const hub = pick(hubShapes(network.model, network.groups));
  const base = inMemory(pick(groupShapes(network.model, network.groups.math!)));
  const frozen = inMemory(
    network.model.shard?.mode === "full" ? pick(groupShapes(network.model, network.groups.prose!)) : {},
  );
  const closing: (() => unknown)[] = [];
  const scope = { after: (close: () => unknown) => void closing.push(close) };
  try {
    const miner = "interop";
    const builtIn = await createShardTrainer({
      device,
      network,
      group: "math",
      config: configOf(),
      miner,
      hub: frozenInMemory(hub),
    });
    scope.after(() => builtIn.dispose());
    const command = `${join(bin, "torchrun")} --standalone --nproc-per-node ${PROCESSES} ${TRAINER}`;
    const own = await openOwnTrainer({
      network,
      group: "math",
      config: configOf(command),
      hub: inMemory(hub),
      miner,
      home: temporaryFolder(scope),
      openDevice: async () => device,
      log,
    });
    const ours = await trainedBy(builtIn, base, frozen);
    const theirs = await trainedBy(own, base, frozen);
    const apart = distance(ours.update, theirs.update);
    // AdamW's moments go on, in the program's files.
    const later = distance(
      (await trainedBy(builtIn, base, frozen, 2)).update,
      (await trainedBy(own, base, frozen, 2)).update,
    );
    const step = Math.max(...ours.losses.map((loss, i) => Math.abs(loss - theirs.losses[i]!)));
    const after = async (update: FloatTensors) => mean(await builtIn.losses(sum(base, update), HELD_OUT));
    const before = mean(await builtIn.losses(base, HELD_OUT));
    const [with_ours, with_theirs] = [await after(ours.update), await after(theirs.update)];
    const isFine =
      Math.max(apart, later) < TOLERANCE && Math.abs(with_ours - with_theirs) < TOLERANCE && with_theirs < before;
    console.log(
      `${isFine ? "✔" : "✖"} ${mode}: ${theirs.run.steps} steps, ${theirs.run.tokens} tokens; the updates differ by ${apart.toExponential(1)} of their norm, in the next cycle by ${later.toExponential(1)}, ` +
        `training losses by ${step.toExponential(1)} at most; held-out loss ${before.toFixed(4)} → ${with_ours.toFixed(5)} with ours, ${with_theirs.toFixed(5)} with PyTorch's`,
    );
    return isFine && theirs.run.tokens === ours.run.tokens;
  } finally {
    for (const close of closing.reverse()) await close();
  }
};

const sum = ({ shapes, read }: FloatSource, update: FloatTensors): FloatSource => ({
  shapes,
  async read(name) {
    const tensor = await read(name);
    const delta = update.get(name)!.data;
    return { ...tensor, data: tensor.data.map((weight, i) => weight + delta[i]!) };
  },
});

const letsGo = (bin: string): boolean => {
  const { status, stdout, stderr } = spawnSync(join(bin, "python"), [LETS_GO], { encoding: "utf8" });
  console.log(status === 0 ? `✔ memory: ${stdout.trim()}` : `✖ memory: ${stderr.trim().split("\n").at(-1)}`);
  return status === 0;
};

const [bin = "venv/bin", ...asked] = process.argv.slice(2);
let failed = 0;
for (const mode of asked.length > 0 ? asked : ["memory", ...Object.keys(MODES)])
  if (!(mode === "memory" ? letsGo(bin) : await compare(bin, mode))) failed++;
process.exitCode = failed === 0 ? 0 : 1;
