import { tmpdir } from "node:os";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { bytes, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { type ImportStage, importLarge } from "./import.js";
import { LAYERS, qwen3 } from "./qwen3-30b.js";

/** Greatest anonymous memory of import, publish and export, for a model of any size. */
const IMPORT_BYTES = 2e9;

/** The same of the measurement of whole model and shard: that of a validator. */
const MEASURE_BYTES = 8e9;

const mostOf = ({ name }: ImportStage): number => (name === "measure" ? MEASURE_BYTES : IMPORT_BYTES);

interface Flags {
  readonly layers: number;
  readonly groups: number;
  readonly windows: number;
  readonly sequence: number;
  readonly threads: number;
  readonly folder: string;
  readonly json?: string;
}

/** A checkpoint of Qwen3-30B-A3B's shapes becomes a subnet's genesis, and a checkpoint again. */
export const largeImportBench: CommandSpec = {
  name: "large-import",
  description:
    "memory and time of measuring, import, publish and export of a generated checkpoint of Qwen3-30B-A3B's shapes",
  examples: ["npm run bench -- large-import", "npm run bench -- large-import --layers 8 --folder /var/tmp"],
  define: (command) =>
    command
      .option(
        "--layers <n>",
        "layers of the model, of 1.2 GB each; the disk holds it twice, 48 take 125 GB",
        wholeNumber(1),
        2,
      )
      .option("--groups <n>", "expert groups of the network", wholeNumber(1), 32)
      .option("--windows <n>", "windows of text that one group is measured on", wholeNumber(1), 2)
      .option("--sequence <n>", "tokens of a window", wholeNumber(1), 2048)
      .option("--threads <n>", "processor threads", wholeNumber(1), 2)
      .option("--folder <path>", "where the files are meanwhile", tmpdir())
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ layers, threads, json, ...flags }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const stages = await importLarge({ ...flags, model: qwen3(layers), device: onnxCpu({ threads }) });
  console.log(`\n${describeImport(stages, layers)}`);
  await writeFigures(json, {
    machine: here,
    layers,
    threads,
    ...flags,
    stages: stages.map((stage) => ({ ...stage, target: mostOf(stage) })),
  });
  if (stages.some((stage) => stage.peak > mostOf(stage))) process.exitCode = 1;
};

const describeImport = (stages: readonly ImportStage[], layers: number): string =>
  [
    `a checkpoint in bfloat16, ${layers} of ${LAYERS} layers`,
    table([
      ["", "weights", "time", "a second", "peak anonymous memory", "at most"],
      ...stages.map((stage) => {
        const { name, bytes: size, seconds, peak } = stage;
        const most = mostOf(stage);
        return [
          name,
          bytes(size),
          `${seconds.toFixed(1)} s`,
          bytes(size / seconds),
          bytes(peak),
          `${bytes(most)}: ${verdict(peak <= most)}`,
        ];
      }),
    ]),
  ].join("\n");
