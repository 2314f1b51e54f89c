import { DEMONSTRATION } from "#localnet/demonstration/demonstration.js";
import { TRAINING } from "#localnet/training.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { LiveView } from "#shared/telemetry/live-view.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { checkpointBases } from "./checkpoint-bases.js";
import { compareModes, type Figure } from "./compare-modes.js";
import { localnetBases } from "./localnet-bases.js";
import { describeModes } from "./report.js";
import { stepBars } from "./step-bars.js";

interface Flags {
  readonly from?: string;
  readonly pretraining?: number;
  readonly steps?: number;
  readonly json?: string;
}

/** Steps behind the base models and of a miner's training, and threads, 0 for all: unless the command line says others, and for a checkpoint. */
const LOCALNET = { pretraining: 400, steps: TRAINING.max_steps, threads: 1 };
const CHECKPOINT = { pretraining: DEMONSTRATION.routerSteps, steps: 60, threads: 0 };

export const shardModesBench: CommandSpec = {
  name: "shards",
  description: "what one miner's training gains in each mode of `model.shard`, and what it costs",
  examples: [
    "npm run bench -- shards",
    "npm run bench -- shards --steps 200 --json shards.json",
    "npm run bench -- shards --from SmolLM2-135M",
  ],
  define: (command) =>
    command
      .option(
        "--from <dir>",
        "a dense checkpoint to upcycle, which the demonstration's miners train; unset: the localnet's model, with routers trained for the groups and with others",
      )
      .option(
        "--pretraining <n>",
        `steps behind the base models, with --from of the routers; unset: ${LOCALNET.pretraining}, with --from ${CHECKPOINT.pretraining}`,
        wholeNumber(1),
      )
      .option(
        "--steps <n>",
        `steps of a miner's training; unset: ${LOCALNET.steps}, with --from ${CHECKPOINT.steps}`,
        wholeNumber(1),
      )
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ from, json, ...given }: Flags): Promise<void> => {
  const here = machine();
  const { pretraining, steps, threads } = { ...(from === undefined ? LOCALNET : CHECKPOINT), ...given };
  const model =
    from === undefined ? "the localnet's model and training" : `${from} upcycled, the demonstration's training`;
  console.log(`${describeMachine(here)}\n${model}: ${pretraining} steps, then ${steps} of one miner`);
  const device = onnxCpu({ threads });
  const signal = shutdownSignal();
  const view = new LiveView({ terminal: process.stderr });
  const onStep = stepBars(view);
  const making = { device, pretraining, steps, signal, onStep };
  const figures: Figure[] = [];
  try {
    for await (const base of from === undefined ? localnetBases(making) : checkpointBases(from, making))
      for await (const figure of compareModes(device, base, making)) {
        figures.push(figure);
        await writeFigures(json, { machine: here, from: from ?? null, pretraining, steps, figures });
      }
  } finally {
    view.close();
  }
  console.log(describeModes(figures));
};
