import { groupHeldOutBatches } from "#datasets/group-data.js";
import { PRETRAINING } from "#localnet/training.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import type { Network } from "#shared/protocol/network.js";
import { LiveView } from "#shared/telemetry/live-view.js";
import { bar } from "#shared/telemetry/progress.js";
import { mapValues } from "#shared/training/objective.js";
import { pretrain } from "#shared/training/pretrain.js";
import { mean } from "#shared/util/mean.js";
import { percent, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, outputOption, wholeNumbers, writeFigures, writeOutput } from "../options.js";
import { type Chart, picture } from "./picture.js";
import { alone, type Course, type Run, type Summary, summaryOf, together } from "./runs.js";

interface Flags {
  readonly group: string;
  readonly genesis: readonly number[];
  readonly miners: readonly number[];
  /** Thousandths of the usual learning rate. */
  readonly rates: readonly number[];
  readonly cycles: number;
  readonly steps: number;
  readonly fixed?: boolean;
  readonly json?: string;
  readonly svg?: string;
}

/** The usual learning rate of this model, at which one machine with the tokens of four ends lowest. */
const RATE = 0.01;
/** What was done in every cycle before steps were measured. */
const FIXED = { along: "merged", lr: 0.7, momentum: 0.9 } as const;
/** Of the text that losses are compared on; each is 4 × 32 tokens. */
const FIXED_BATCHES = 256;
const BAR_WIDTH = 20;

const GENESIS: readonly number[] = [30, 200];
const MINERS: readonly number[] = [4];
const RATES: readonly number[] = [100, 1000, 10_000];

export const learningBench: CommandSpec = {
  name: "learning",
  description: "what measured steps learn, beside one miner alone and one machine with all the tokens",
  examples: [
    "npm run bench -- learning --json learning.json --svg learning.svg",
    "npm run bench -- learning --genesis 30 --miners 1 2 4 8 --rates 1000 --fixed",
  ],
  define: (command) =>
    command
      .option("--group <name>", "expert group", "math")
      .option("--genesis <steps...>", "inner steps behind the genesis models", wholeNumbers(1, GENESIS), GENESIS)
      .option("--miners <n...>", "miners of the group", wholeNumbers(1, MINERS), MINERS)
      .option("--rates <thousandths...>", "learning rates, 1000 the usual one", wholeNumbers(1, RATES), RATES)
      .option("--cycles <n>", "cycles", wholeNumber(1), 20)
      .option("--steps <n>", "inner steps of a cycle", wholeNumber(1), 24)
      .option("--fixed", "beside them a step that is always taken, Nesterov 0.7, 0.9")
      .addOption(figuresOption())
      .addOption(outputOption("--svg <file>", "draw the curves of all comparisons there"))
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

const run = async (flags: Flags): Promise<void> => {
  const { group, genesis, miners, rates, cycles, steps, json, svg } = flags;
  const here = machine();
  const device = onnxCpu({ threads: 1 });
  const network = smallNetwork();
  const batchSize = network.scoring.eval_batch_size;
  console.log(`${describeMachine(here)}\n${cycles} cycles of ${steps} steps of 8 × 32 tokens, group ${group}`);
  const figures: Figure[] = [];
  const each = miners.reduce((sum, count) => sum + runsOf(count, flags), 1);
  const progress = progressOver(genesis.length * rates.length * each * cycles);
  try {
    for (const pretraining of genesis) {
      const { signal } = new AbortController();
      const base = await pretrain({ network, device, seed: "learning", steps: pretraining, ...PRETRAINING, signal });
      const meter = await createLossMeter(device, network, { batchSize, parameters: base });
      const fixed = groupHeldOutBatches(network, group, { batches: FIXED_BATCHES, batchSize, seed: "f".repeat(64) });
      for (const rate of rates) {
        const training = {
          batch_size: 8,
          learning_rate: (RATE * rate) / 1000,
          warmup_steps: Math.ceil(steps / 20),
          max_steps: steps,
        };
        const titled = `genesis of ${pretraining} steps, rate × ${rate / 1000}`;
        const course = (what: string): Course => ({
          ...{ device, network, group, genesis: base, meter, cycles, training, fixed },
          onCycle: (cycle, loss) =>
            progress.step(`${titled}, ${what}  cycle ${cycle}/${cycles}  loss ${loss.toFixed(4)}`),
        });
        const single = await alone(course("one miner alone"), "miner 0");
        for (const count of miners) {
          const title = `${titled}, ${count} ${count === 1 ? "miner" : "miners"}`;
          const runs: Readonly<Record<string, Run>> = {
            measured: await together(course(`${count} measured`), count),
            ...(flags.fixed && { fixed: await together(course(`${count} always`), count, FIXED) }),
            "one miner alone": single,
            "all tokens": count === 1 ? single : await alone(course(`tokens of ${count}`), "machine", count),
          };
          figures.push({ title, pretraining, rate: rate / 1000, miners: count, runs: mapValues(runs, figureOf) });
          const { chooseSeconds, trainSeconds } = runs.measured!;
          progress.close();
          console.log(
            `\n${title}; choosing took ${percent((chooseSeconds * count) / trainSeconds)} of a miner's training`,
          );
          console.log(`${tableOf(runs)}\n${targetsOf(runs)}`);
          await writeFigures(json, { machine: here, group, cycles, steps, figures });
          if (svg !== undefined) await writeOutput(svg, picture(figures.map(chartOf)));
        }
      }
      await meter.dispose();
    }
  } finally {
    progress.close();
  }
};

/** A line that says how far the bench is; closed, it begins anew below what was printed since. */
const progressOver = (total: number) => {
  let view: LiveView | undefined;
  let done = 0;
  return {
    step(what: string): void {
      view ??= new LiveView({ terminal: process.stderr });
      done++;
      const line = `${bar(done / total, BAR_WIDTH)}  ${what}`;
      view.update([line], line);
    },
    close(): void {
      view?.close();
      view = undefined;
    },
  };
};

/** Runs of one comparison beside that of the single miner. */
const runsOf = (miners: number, { fixed }: Pick<Flags, "fixed">): number =>
  1 + (fixed ? 1 : 0) + (miners === 1 ? 0 : 1);

/** Part of the way of one machine with all the tokens that measured steps come at least. */
const WAY = 0.95;

const targetsOf = (runs: Readonly<Record<string, Run>>): string => {
  const [measured, single, whole] = (["measured", "one miner alone", "all tokens"] as const).map((name) =>
    summaryOf(runs[name]!),
  );
  const way = (measured!.start - measured!.end) / (whole!.start - whole!.end);
  return [
    `no rise: ${verdict(measured!.rises === 0)}`,
    `not above one miner alone: ${verdict(measured!.end <= single!.end)}`,
    `${percent(WAY)} of the way: ${verdict(way >= WAY)}`,
  ].join(", ");
};

/** A run in the file of figures: losses are means over the fixed text. */
type RunFigure = Omit<Run, "losses"> & Summary & { readonly losses: readonly number[] };

interface Figure {
  readonly title: string;
  readonly pretraining: number;
  readonly rate: number;
  readonly miners: number;
  readonly runs: Readonly<Record<string, RunFigure>>;
}

const figureOf = (one: Run): RunFigure => ({ ...one, ...summaryOf(one), losses: one.losses.map(mean) });

const chartOf = ({ title, runs }: Figure): Chart => ({
  title,
  lines: Object.entries(runs).map(([name, { losses }]) => ({ name, values: losses })),
});

/** What one machine with all the tokens learnt is the whole way. */
const tableOf = (runs: Readonly<Record<string, Run>>): string => {
  const whole = summaryOf(runs["all tokens"]!);
  const way = whole.start - whole.end;
  return table([
    ["", "loss at first", "in the end", "of the way", "rises", "stood still"],
    ...Object.entries(runs).map(([name, one]) => {
      const { start, end, rises } = summaryOf(one);
      const still = one.steps.length === 0 ? "" : String(one.steps.filter((step) => step === 0).length);
      return [name, start.toFixed(4), end.toFixed(4), percent((start - end) / way), String(rises), still];
    }),
  ]);
};
