import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { createRandom } from "#shared/data/random.js";
import type { Device } from "#shared/engine/device.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { initialParameters } from "#shared/model/init.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, expertOf, type HeldExperts, type Parameters, parameterShapes } from "#shared/model/parameters.js";
import { createEvaluator } from "#shared/training/evaluator.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { verdict } from "./format.js";
import { describeMachine, machine } from "./machine.js";
import { writeFigures } from "./options.js";

/** Many layers and experts, each small: what a graph costs before it runs. */
const config = {
  norm_topk_prob: true,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
  vocab_size: 264,
  hidden_size: 64,
  num_hidden_layers: 24,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  num_experts: 64,
  num_experts_per_tok: 2,
  moe_intermediate_size: 32,
  max_position_embeddings: 64,
} as const;

const TARGET_SECONDS = 2;

interface CompileCase {
  readonly name: string;
  readonly held: HeldExperts;
  readonly trainable: (name: string) => boolean;
}

const isExpert = (name: string) => expertOf(name) !== null;

const cases: readonly CompileCase[] = [
  { name: "loss, all experts", held: allExperts(config), trainable: () => false },
  {
    name: "train 4 of 64 experts",
    held: Array.from({ length: config.num_hidden_layers }, () => [0, 1, 2, 3]),
    trainable: isExpert,
  },
  { name: "train everything", held: allExperts(config), trainable: () => true },
];

/** Seconds until a program can run. */
export interface Compilation {
  readonly name: string;
  /** Building the graph and its gradients, and everything else that is ours. */
  readonly graph: number;
  /** In the runtime: from a finished graph to its session. */
  readonly session: number;
  readonly total: number;
  readonly operators: number;
  readonly met: boolean;
}

export const compileBench: CommandSpec = {
  name: "compile",
  description: "how long programs of many layers and experts take to build, before they run",
  examples: ["npm run bench -- compile"],
  define: (command) =>
    command
      .option("--rounds <n>", "times to build each; the fastest counts", wholeNumber(1), 2)
      .option("--json <file>", "write the figures there")
      .action(run),
};

const run = async ({ rounds, json }: { readonly rounds: number; readonly json?: string }): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const { num_hidden_layers: layers, num_experts: experts, hidden_size: width } = config;
  console.log(`${layers} layers × ${experts} experts of width ${width}; under ${TARGET_SECONDS} s in all`);
  const whole = initialParameters(config, createRandom("compile"));
  const compilations: Compilation[] = [];
  for (const each of cases) {
    const tries: Compilation[] = [];
    for (let round = 0; round < rounds; round++) tries.push(await compileOnce(each, whole));
    compilations.push(tries.reduce((best, one) => (one.total < best.total ? one : best)));
  }
  const seconds = (value: number) => `${value.toFixed(2)} s`;
  console.log(
    table([
      ["", "operators", "graph", "session", "both", "target"],
      ...compilations.map(({ name, operators, graph, session, total, met }) => [
        name,
        `${operators}`,
        seconds(graph),
        seconds(session),
        seconds(total),
        verdict(met),
      ]),
    ]),
  );
  await writeFigures(json, { machine: here, target: TARGET_SECONDS, compilations });
};

/** From the model's description to a program that is ready, its tensors uploaded. */
const compileOnce = async ({ name, held, trainable }: CompileCase, all: Parameters): Promise<Compilation> => {
  let session = 0;
  let operators = 0;
  const cpu = onnxCpu({ threads: 2 });
  const device: Device = {
    ...cpu,
    async compile(graph, outputs) {
      const begin = performance.now();
      const program = await cpu.compile(graph, outputs);
      session += (performance.now() - begin) / 1000;
      operators = graph.nodes.length;
      return program;
    },
  };
  const shape = { config, held, batchSize: 4, sequenceLength: 32 };
  const params = Object.fromEntries(
    Object.entries(parameterShapes(config, held)).map(([parameter, size]) => [
      parameter,
      {
        ...all[parameter]!,
        shape: size,
        data: all[parameter]!.data.slice(
          0,
          size.reduce((a, b) => a * b, 1),
        ),
      },
    ]),
  );
  const trained = Object.keys(params).filter(trainable);
  const objective = { device, loss: languageModelLoss(shape), inputs: batchInputs(shape), params };

  const begin = performance.now();
  const program =
    trained.length > 0 ? await createTrainStep({ ...objective, trainable: trained }) : await createEvaluator(objective);
  const total = (performance.now() - begin) / 1000;
  await program.dispose();
  return { name, graph: total - session, session, total, operators, met: total < TARGET_SECONDS };
};
