import { tmpdir } from "node:os";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { bytes } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { LAYERS, qwen3 } from "./qwen3-30b.js";
import { type Trained, trainLarge } from "./train.js";

interface Flags {
  readonly layers: number;
  readonly sequence: number;
  readonly experts: number;
  readonly steps: number;
  readonly threads: number;
  readonly folder: string;
  readonly json?: string;
}

/** One group of Qwen3-30B-A3B's shapes is trained on a machine that could not hold the model. */
export const largeTrainingBench: CommandSpec = {
  name: "large-training",
  description: "a miner's memory and time on a generated model of Qwen3-30B-A3B's shapes, layer by layer",
  examples: [
    "npm run bench -- large-training --layers 4 --experts 2 --sequence 2048",
    "npm run bench -- large-training",
  ],
  define: (command) =>
    command
      .option("--layers <n>", "layers of the model, fewer for a cut in depth", wholeNumber(1), LAYERS)
      .option("--sequence <n>", "tokens of a step", wholeNumber(1), 4096)
      .option("--experts <n>", "experts of the group in every layer", wholeNumber(1), 4)
      .option("--steps <n>", "steps to take", wholeNumber(1), 1)
      .option("--threads <n>", "processor threads, 0 for all", wholeNumber(0), 0)
      .option("--folder <path>", "where the model's sparse files are meanwhile", tmpdir())
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ layers, json, threads, ...flags }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const trained = await trainLarge(onnxCpu({ threads }), { ...flags, model: qwen3(layers) });
  console.log(`\n${describeTrained(trained, layers, flags)}`);
  await writeFigures(json, { machine: here, layers, threads, ...flags, trained });
};

const describeTrained = (
  { modelBytes, trained, peaks, planned, opening, seconds, losses }: Trained,
  layers: number,
  { experts, sequence }: Pick<Flags, "experts" | "sequence">,
): string =>
  [
    `training ${experts} of 128 experts on ${sequence} tokens a step, ${layers} of ${LAYERS} layers`,
    table([
      ["", ""],
      ["model, bfloat16", bytes(modelBytes)],
      ["trained parameters", `${(trained / 1e6).toFixed(1)} M`],
      ["peak anonymous memory", bytes(peaks.anonymous)],
      ["by the plan", `${bytes(planned)}, peak is ${(peaks.anonymous / planned).toFixed(2)} ×`],
      ["from files to a step", `${opening.toFixed(1)} s`],
      ["steps", seconds.map((time) => `${time.toFixed(1)} s`).join(", ")],
      ["tokens a second", seconds.map((time) => (sequence / time).toFixed(1)).join(", ")],
      ["losses", losses.map((loss) => loss.toFixed(4)).join(", ")],
    ]),
  ].join("\n");
