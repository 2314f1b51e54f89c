import { tmpdir } from "node:os";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { bytes, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { type ImportStage, importLarge } from "./import.js";
import { LAYERS, qwen3 } from "./qwen3-30b.js";

/** Greatest anonymous memory of import, publish and export, for a model of any size. */
const IMPORT_BYTES = 2e9;

interface Flags {
  readonly layers: number;
  readonly groups: number;
  readonly folder: string;
  readonly json?: string;
}

/** A checkpoint of Qwen3-30B-A3B's shapes becomes a subnet's genesis, and a checkpoint again. */
export const largeImportBench: CommandSpec = {
  name: "large-import",
  description: "memory and time of import, publish and export of a generated checkpoint of Qwen3-30B-A3B's shapes",
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
      .option("--folder <path>", "where the files are meanwhile", tmpdir())
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ layers, json, ...flags }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const stages = await importLarge({ ...flags, model: qwen3(layers) });
  console.log(`\n${describeImport(stages, layers)}`);
  await writeFigures(json, { machine: here, layers, ...flags, target: IMPORT_BYTES, stages });
  if (stages.some(({ peak }) => peak > IMPORT_BYTES)) process.exitCode = 1;
};

const describeImport = (stages: readonly ImportStage[], layers: number): string =>
  [
    `a checkpoint in bfloat16, ${layers} of ${LAYERS} layers`,
    table([
      ["", "weights", "time", "a second", "peak anonymous memory", `at most ${bytes(IMPORT_BYTES)}`],
      ...stages.map(({ name, bytes: size, seconds, peak }) => [
        name,
        bytes(size),
        `${seconds.toFixed(1)} s`,
        bytes(size / seconds),
        bytes(peak),
        verdict(peak <= IMPORT_BYTES),
      ]),
    ]),
  ].join("\n");
