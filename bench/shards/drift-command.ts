import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { LiveView } from "#shared/telemetry/live-view.js";
import { percent } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { type Drifted, learnOn, type Way } from "./drift.js";
import { localnetBase } from "./localnet-bases.js";
import { stepBars } from "./step-bars.js";

interface Flags {
  readonly pretraining: number;
  readonly steps: number;
  readonly cycles: number;
  readonly json?: string;
}

const WAYS: readonly Way[] = [
  { mode: "restricted", affinity: 0 },
  { mode: "restricted", affinity: 0.1 },
  { mode: "full", affinity: 0 },
];

export const shardDriftBench: CommandSpec = {
  name: "shard-drift",
  description: "how a shard's training and the whole model come apart over cycles, and what keeps them together",
  examples: ["npm run bench -- shard-drift", "npm run bench -- shard-drift --cycles 20 --json drift.json"],
  define: (command) =>
    command
      .option("--pretraining <n>", "steps behind the localnet's model", wholeNumber(1), 100)
      .option("--steps <n>", "steps of a miner's training in a cycle", wholeNumber(1), 160)
      .option("--cycles <n>", "cycles of each way", wholeNumber(1), 10)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ pretraining, steps, cycles, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(`${describeMachine(here)}\nthe localnet's model: ${pretraining} steps, then one miner a group`);
  const device = onnxCpu({ threads: 1 });
  const signal = shutdownSignal();
  const view = new LiveView({ terminal: process.stderr });
  const onStep = stepBars(view);
  const figures: (Way & Drifted)[] = [];
  try {
    const base = await localnetBase({ device, pretraining, steps, signal, onStep });
    for (const way of WAYS)
      for await (const drifted of learnOn(device, base, { way, cycles, signal, onStep })) {
        figures.push({ ...way, ...drifted });
        await writeFigures(json, { machine: here, pretraining, steps, figures });
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
