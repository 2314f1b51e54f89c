import { PRETRAINING } from "#owner/localnet/training.js";
import { loadNetworkTemplate } from "#owner/network-template.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { groupHeldOutBatches } from "#shared/data/group-data.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { mean } from "#shared/mean.js";
import type { Network } from "#shared/protocol/network.js";
import { createLossMeter } from "#shared/training/loss-meter.js";
import { pretrain } from "#shared/training/pretrain.js";
import { percent } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, outputOption, wholeNumbers, writeFigures, writeOutput } from "../options.js";
import { picture } from "./picture.js";
import { alone, type Course, type Run, summaryOf, together } from "./runs.js";

interface Flags {
  readonly group: string;
  readonly genesis: readonly number[];
  readonly miners: readonly number[];
  /** Thousandths of the usual learning rate. */
  readonly rates: readonly number[];
  readonly cycles: number;
  readonly steps: number;
  readonly json?: string;
  readonly svg?: string;
}

/** The usual learning rate of this model, at which one machine with the tokens of four ends lowest. */
const RATE = 0.01;
/** What was done in every cycle before steps were measured. */
const FIXED = { along: "merged", lr: 0.7, momentum: 0.9 } as const;

const GENESIS: readonly number[] = [30, 200];
const MINERS: readonly number[] = [4];
const RATES: readonly number[] = [100, 300, 1000, 3000, 10_000];

export const learningBench: CommandSpec = {
  name: "learning",
  description: "what measured steps learn, beside one miner alone, one machine with all the tokens, and a fixed step",
  examples: [
    "npm run bench -- learning --rates 1000 --miners 4 --json learning.json --svg learning.svg",
    "npm run bench -- learning --genesis 30 --miners 1 2 4 8 --rates 1000",
  ],
  define: (command) =>
    command
      .option("--group <name>", "expert group", "math")
      .option("--genesis <steps...>", "inner steps behind the genesis models", wholeNumbers(1, GENESIS), GENESIS)
      .option("--miners <n...>", "miners of the group", wholeNumbers(1, MINERS), MINERS)
      .option("--rates <thousandths...>", "learning rates, 1000 the usual one", wholeNumbers(1, RATES), RATES)
      .option("--cycles <n>", "cycles", wholeNumber(1), 20)
      .option("--steps <n>", "inner steps of a cycle", wholeNumber(1), 24)
      .addOption(figuresOption())
      .addOption(outputOption("--svg <file>", "draw the last comparison's curves there"))
      .action(run),
};

/** The localnet's network around a model that trains in a moment. */
const smallNetwork = (): Network => {
  const network = loadNetworkTemplate("configs/localnet/network.yaml");
  const model = { ...network.model, hidden_size: 32, num_attention_heads: 4, head_dim: 8, moe_intermediate_size: 48 };
  return {
    ...network,
    model,
    data: { ...network.data, sequence_length: 32 },
    scoring: { ...network.scoring, eval_batch_size: 4, top_n: 8 },
    genesis: "0".repeat(64),
  };
};

const run = async ({ group, genesis, miners, rates, cycles, steps, json, svg }: Flags): Promise<void> => {
  const here = machine();
  const device = onnxCpu({ threads: 1 });
  const network = smallNetwork();
  const batchSize = network.scoring.eval_batch_size;
  console.log(`${describeMachine(here)}\n${cycles} cycles of ${steps} steps of 8 × 32 tokens, group ${group}`);
  const figures: object[] = [];
  for (const pretraining of genesis) {
    const { signal } = new AbortController();
    const base = await pretrain({ network, device, seed: "learning", steps: pretraining, ...PRETRAINING, signal });
    const meter = await createLossMeter(device, network, { batchSize, parameters: base });
    const fixed = groupHeldOutBatches(network, group, { batches: 256, batchSize, seed: "f".repeat(64) });
    for (const rate of rates) {
      const training = {
        batch_size: 8,
        learning_rate: (RATE * rate) / 1000,
        warmup_steps: Math.ceil(steps / 20),
        max_steps: steps,
      };
      const course: Course = { device, network, group, genesis: base, meter, cycles, training, fixed };
      const single = await alone(course, "miner 0");
      for (const count of miners) {
        const runs: Readonly<Record<string, Run>> = {
          measured: await together(course, count),
          fixed: await together(course, count, FIXED),
          "one miner alone": single,
          "all tokens": count === 1 ? single : await alone(course, "machine", count),
        };
        const title = `genesis of ${pretraining} steps, rate × ${rate / 1000}, ${count} miners`;
        const shares = Object.values(runs).map(({ chooseSeconds, trainSeconds }) => chooseSeconds / trainSeconds);
        console.log(`\n${title}; choosing took ${percent(shares[0]! / count)} of a miner's training time`);
        console.log(tableOf(runs));
        figures.push({ pretraining, rate: rate / 1000, miners: count, runs });
        const lines = Object.entries(runs).map(([name, { losses }]) => ({ name, values: losses.map(mean) }));
        if (svg !== undefined) await writeOutput(svg, picture(title, lines));
      }
    }
    await meter.dispose();
  }
  await writeFigures(json, { machine: here, group, cycles, steps, figures });
};

/** What one machine with all the tokens learnt is the whole way. */
const tableOf = (runs: Readonly<Record<string, Run>>): string => {
  const whole = summaryOf(runs["all tokens"]!);
  const way = whole.start - whole.end;
  return table([
    ["", "loss at first", "in the end", "of the way", "rises"],
    ...Object.entries(runs).map(([name, one]) => {
      const { start, end, rises } = summaryOf(one);
      return [name, start.toFixed(4), end.toFixed(4), percent((start - end) / way), String(rises)];
    }),
  ]);
};
