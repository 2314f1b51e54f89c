import { Option } from "commander";
import { nonNegativeNumber, wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { PRESETS } from "#shared/model/presets.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { LiveView } from "#shared/telemetry/live-view.js";
import { percent } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, numbers, writeFigures } from "../options.js";
import { type Drifted, learnOn, type Way } from "./drift.js";
import { localnetBase } from "./localnet-bases.js";
import { stepBars } from "./step-bars.js";

interface Flags {
  readonly pretraining: number;
  readonly steps: number;
  readonly cycles: number;
  readonly affinity: readonly number[];
  readonly layers: number;
  readonly head: string;
  readonly json?: string;
}

const { tiny } = PRESETS;

/** Weights of the term that are tried. */
const WEIGHTS: readonly number[] = [0, 0.1];

export const shardDriftBench: CommandSpec = {
  name: "shard-drift",
  description: "how a shard's training and the whole model come apart over cycles, and what keeps them together",
  examples: [
    "npm run bench -- shard-drift",
    "npm run bench -- shard-drift --cycles 20 --json drift.json",
    "npm run bench -- shard-drift --layers 8 --head 16 --affinity 0.03 0.1 0.3",
  ],
  define: (command) =>
    command
      .option("--pretraining <n>", "steps behind the localnet's model", wholeNumber(1), 100)
      .option("--steps <n>", "steps of a miner's training in a cycle", wholeNumber(1), 160)
      .option("--cycles <n>", "cycles of each way", wholeNumber(1), 10)
      .option(
        "--affinity <weights...>",
        "weights of the term, each tried in `restricted` beside `full`",
        numbers(nonNegativeNumber, WEIGHTS),
        WEIGHTS,
      )
      .option("--layers <n>", "depth of the model", wholeNumber(1), tiny.num_hidden_layers)
      .addOption(
        new Option("--head <n>", "dimension of a head; the model's width and its experts' go with it")
          .choices(["8", "16", "32", "64"])
          .default(`${tiny.head_dim}`),
      )
      .addOption(figuresOption())
      .action(run),
};

/** The localnet's, of another depth and width. */
const shapeOf = (layers: number, head: number): Partial<ModelConfig> => ({
  num_hidden_layers: layers,
  head_dim: head,
  hidden_size: (tiny.hidden_size / tiny.head_dim) * head,
  moe_intermediate_size: (tiny.moe_intermediate_size / tiny.head_dim) * head,
});

const run = async ({ pretraining, steps, cycles, affinity, layers, head, json }: Flags): Promise<void> => {
  const here = machine();
  const shape = shapeOf(layers, Number(head));
  const model = `the localnet's model of ${layers} layers, ${shape.hidden_size} wide`;
  console.log(`${describeMachine(here)}\n${model}: ${pretraining} steps, then one miner a group`);
  const device = onnxCpu({ threads: 1 });
  const signal = shutdownSignal();
  const view = new LiveView({ terminal: process.stderr });
  const onStep = stepBars(view);
  const figures: (Way & Drifted)[] = [];
  try {
    const base = await localnetBase({ device, pretraining, steps, signal, onStep }, shape);
    const ways: readonly Way[] = [
      ...affinity.map((weight) => ({ mode: "restricted", affinity: weight }) as const),
      { mode: "full", affinity: 0 },
    ];
    for (const way of ways)
      for await (const drifted of learnOn(device, base, { way, cycles, signal, onStep })) {
        figures.push({ ...way, ...drifted });
        await writeFigures(json, { machine: here, pretraining, steps, shape, figures });
      }
  } finally {
    view.close();
  }
  console.log(describeDrift(figures));
};

/** Losses are nats a token. */
const describeDrift = (figures: readonly (Way & Drifted)[]): string =>
  table([
    ["mode", "affinity", "group", "cycles", "whole model", "shard", "own choices"],
    ...figures.map(({ mode, affinity, group, cycle, whole, shard, ownChoices }) => [
      mode,
      mode === "full" ? "" : `${affinity}`,
      group,
      `${cycle}`,
      whole.toFixed(4),
      shard.toFixed(4),
      percent(ownChoices),
    ]),
  ]);
