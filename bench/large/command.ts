import { tmpdir } from "node:os";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { bytes, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { type Judged, judgeLarge } from "./judge.js";
import { LAYERS, qwen3 } from "./qwen3-30b.js";

/** Greatest anonymous memory of a validator that scores one candidate on 8 windows of 2,048 tokens. */
const JUDGE_BYTES = 8e9;
const STATES_BYTES = 2e9;

interface Flags {
  readonly layers: number;
  readonly windows: number;
  readonly sequence: number;
  readonly experts: number;
  readonly candidates: number;
  readonly folder: string;
  readonly json?: string;
}

/** A model of Qwen3-30B-A3B's shapes is judged on a machine that could not hold it. */
export const largeBench: CommandSpec = {
  name: "large",
  description: "a validator's memory and time on a generated model of Qwen3-30B-A3B's shapes, layer by layer",
  examples: ["npm run bench -- large --layers 4", "npm run bench -- large"],
  define: (command) =>
    command
      .option("--layers <n>", "layers of the model, fewer for a cut in depth", wholeNumber(1), LAYERS)
      .option("--windows <n>", "windows of text", wholeNumber(1), 8)
      .option("--sequence <n>", "tokens of a window", wholeNumber(1), 2048)
      .option("--experts <n>", "experts of the group in every layer", wholeNumber(1), 4)
      .option("--candidates <n>", "candidates beside the model itself", wholeNumber(1), 1)
      .option("--folder <path>", "where the model's sparse files are meanwhile", tmpdir())
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ layers, json, ...flags }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const judged = await judgeLarge(onnxCpu({ threads: 0 }), { ...flags, model: qwen3(layers), states: STATES_BYTES });
  console.log(`\n${describeJudged(judged, layers, flags)}`);
  await writeFigures(json, { machine: here, layers, ...flags, judged });
  if (judged.peaks.anonymous > JUDGE_BYTES) process.exitCode = 1;
};

const describeJudged = (
  { modelBytes, peaks, planned, seconds, tokensPerSecond, losses }: Judged,
  layers: number,
  { windows, sequence, candidates }: Pick<Flags, "windows" | "sequence" | "candidates">,
): string =>
  [
    `judging ${candidates} candidate${candidates === 1 ? "" : "s"} and the base on ${windows} windows of ${sequence} tokens, ${layers} of ${LAYERS} layers`,
    table([
      ["", ""],
      ["model, bfloat16", bytes(modelBytes)],
      ["peak anonymous memory", bytes(peaks.anonymous)],
      ["by its plan", `${bytes(planned)}, peak is ${(peaks.anonymous / planned).toFixed(2)} ×`],
      ["peak of mapped files", bytes(peaks.file)],
      ["time", `${seconds.toFixed(1)} s`],
      ["tokens a second", tokensPerSecond.toFixed(1)],
      ["mean losses", losses.map((loss) => loss.toFixed(4)).join(", ")],
    ]),
    `  at most ${bytes(JUDGE_BYTES)} of anonymous memory: ${verdict(peaks.anonymous <= JUDGE_BYTES)}`,
  ].join("\n");
