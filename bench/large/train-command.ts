import { tmpdir } from "node:os";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { bytes, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { LAYERS, qwen3 } from "./qwen3-30b.js";
import { START_PARTS, type Trained, trainLarge } from "./train.js";

interface Size {
  readonly layers: number;
  readonly sequence: number;
  readonly experts: number;
}

interface Flags extends Size {
  readonly steps: number;
  readonly threads: number;
  readonly folder: string;
  readonly json?: string;
}

/** Greatest anonymous memory of a miner of the whole model. */
const TARGETS: readonly (Size & { readonly most: number })[] = [
  { layers: LAYERS, experts: 4, sequence: 4096, most: 20e9 },
  { layers: LAYERS, experts: 2, sequence: 2048, most: 12e9 },
];

/** The target of a case, in bytes; null where none is set. A smaller case is held to that of the one that it is a cut of. */
export const trainTarget = ({ layers, experts, sequence }: Size): number | null => {
  const fits = TARGETS.filter(
    (target) => layers <= target.layers && experts <= target.experts && sequence <= target.sequence,
  );
  return fits.length === 0 ? null : Math.min(...fits.map(({ most }) => most));
};

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
  const target = trainTarget({ layers, ...flags });
  console.log(`\n${describeTrained(trained, { layers, ...flags }, target)}`);
  await writeFigures(json, { machine: here, layers, threads, ...flags, target, trained });
  if (target !== null && trained.peaks.anonymous > target) process.exitCode = 1;
};

const describeTrained = (
  { modelBytes, fileBytes, trained, peaks, planned, start, checked, seconds, losses }: Trained,
  { layers, experts, sequence }: Size,
  target: number | null,
): string => {
  const inAll = Object.values(start).reduce((sum, each) => sum + each, 0);
  return [
    `training ${experts} of 128 experts on ${sequence} tokens a step, ${layers} of ${LAYERS} layers`,
    table([
      ["", ""],
      ["model, bfloat16", bytes(modelBytes)],
      ["of it hub and group", bytes(fileBytes)],
      ["trained parameters", `${(trained / 1e6).toFixed(1)} M`],
      ["peak anonymous memory", bytes(peaks.anonymous)],
      ["by the plan", `${bytes(planned)}, peak is ${(peaks.anonymous / planned).toFixed(2)} ×`],
      ["from files to the end of a step", time(inAll)],
      ...START_PARTS.map((part) => [
        `  ${part}`,
        part === "hashes checked"
          ? `${time(start[part])}, ${bytes(checked / start[part])} a second`
          : time(start[part]),
      ]),
      ["steps", seconds.map(time).join(", ")],
      ["tokens a second", seconds.map((each) => (sequence / each).toFixed(1)).join(", ")],
      ["losses", losses.map((loss) => loss.toFixed(4)).join(", ")],
    ]),
    ...(target === null
      ? []
      : [`  at most ${bytes(target)} of anonymous memory: ${verdict(peaks.anonymous <= target)}`]),
  ].join("\n");
};

const time = (seconds: number): string => `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
