import { tmpdir } from "node:os";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { bytes, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { pythonsOf } from "../step/find-peers.js";
import { type Agreement, agreeLarge } from "./agree.js";
import { type Difference, GRADIENT_TOLERANCE, LOSS_TOLERANCE } from "./difference.js";
import { LAYERS, qwen3 } from "./qwen3-30b.js";
import { startTransformers } from "./transformers-peer.js";

/** Tensors beyond the tolerance that are named. */
const MOST_NAMED = 8;
/** Relative difference of two probabilities within which rounding may choose one expert or the other. */
const CLOSE = 1e-5;

interface Flags {
  readonly layers: number;
  readonly sequence: number;
  readonly experts: number;
  readonly threads: number;
  readonly python?: readonly string[];
  readonly folder: string;
  readonly exact: boolean;
  readonly json?: string;
}

/** A cut in depth of Qwen3-30B-A3B's real shapes computes what transformers computes. */
export const largeAgreeBench: CommandSpec = {
  name: "large-agree",
  description: "loss and gradients of a cut of Qwen3-30B-A3B's shapes, layer by layer, beside those of transformers",
  examples: ["npm run bench -- large-agree", "npm run bench -- large-agree --experts 16 --sequence 512 --exact"],
  define: (command) =>
    command
      .option("--layers <n>", "layers of the model", wholeNumber(1), 4)
      .option("--sequence <n>", "tokens of the step", wholeNumber(1), 1024)
      .option("--experts <n>", "experts of the group in every layer; at most 8 are chosen", wholeNumber(1), 4)
      .option("--threads <n>", "processor threads of each side", wholeNumber(1), 2)
      .option(
        "--python <path...>",
        "Pythons to ask for transformers (default: those of BLOCKZERO_BENCH_PYTHON, or python3)",
      )
      .option("--folder <path>", "where model and shard are meanwhile", tmpdir())
      .option("--exact", "hold both to what transformers computes in float64, angles too: twice its memory", false)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ layers, threads, python, json, ...flags }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const peer = await startTransformers(pythonsOf(python, process.env), threads);
  const agreement = await agreeLarge(onnxCpu({ threads }), peer, { ...flags, model: qwen3(layers) });
  console.log(`\n${describeAgreement(agreement, peer.name, { ...flags, layers })}`);
  await writeFigures(json, { machine: here, layers, threads, ...flags, peer: peer.name, agreement });
  if (!agreement.agrees) process.exitCode = 1;
};

const describeAgreement = (
  { ours, theirs, exact, difference, tensors, elements, agrees }: Agreement,
  peer: string,
  { layers, experts, sequence }: Pick<Flags, "layers" | "experts" | "sequence">,
): string =>
  [
    `one step of ${experts} of 128 experts on ${sequence} tokens, ${layers} of ${LAYERS} layers`,
    table([
      ["", "loss", "forward and backward", "peak of memory"],
      ...[
        { name: "layer by layer", ...ours },
        { name: peer, ...theirs },
        ...(exact ? [{ name: "the same in float64", ...exact }] : []),
      ].map(({ name, loss, seconds, peak }) => [name, loss.toFixed(6), `${seconds.toFixed(1)} s`, bytes(peak)]),
    ]),
    `gradients of ${tensors} tensors, ${(elements / 1e6).toFixed(1)} M elements`,
    ...describeDifference(`ours from ${exact ? "float64" : "theirs"}`, difference),
    ...(exact ? describeDifference("theirs from float64", exact.theirs) : []),
    ...(theirs.closest < CLOSE
      ? [`  the closest choice of an expert was by ${theirs.closest.toExponential(1)}: rounding alone may decide it`]
      : []),
    `  ${agrees ? "they agree" : "they DISAGREE"}`,
  ].join("\n");

const describeDifference = (what: string, { loss, worst, beyond }: Difference): readonly string[] => [
  `  ${what}: loss by ${loss.toExponential(1)} of it, at most ${LOSS_TOLERANCE}: ${verdict(loss <= LOSS_TOLERANCE)}`,
  `    ${worst.name} most, by ${worst.difference.toExponential(1)} of its norm, at most ${GRADIENT_TOLERANCE}: ${verdict(worst.difference <= GRADIENT_TOLERANCE)}`,
  ...(beyond.length === 0
    ? []
    : [`    beyond that: ${beyond.length} tensors, ${beyond.slice(0, MOST_NAMED).join(", ")}`]),
];
