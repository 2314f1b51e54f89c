import { Option } from "commander";
import { groupHeldOutBatches } from "#datasets/group-data.js";
import { PRETRAINING, TRAINING } from "#localnet/training.js";
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
import { CHEATS, type Cheat, isHonest } from "./cheats.js";
import { type Chart, picture } from "./picture.js";
import { alone, type Course, type Run, type Summary, summaryOf, together } from "./runs.js";

interface Flags {
  readonly model: keyof typeof MODELS;
  readonly group: string;
  readonly genesis: readonly number[];
  readonly miners: readonly number[];
  /** Thousandths of the usual learning rate. */
  readonly rates: readonly number[];
  readonly cheats: readonly Cheat[];
  readonly cycles: number;
  readonly steps: number;
  readonly json?: string;
  readonly svg?: string;
}

/** The usual learning rate of the small model, at which one machine with the tokens of four ends lowest. */
const RATE = 0.01;
/** Takes the plain mean in every cycle, unmeasured: Nesterov 0.7, 0.9 (Douillard et al. 2023). */
const DILOCO = { along: "all", lr: 0.7, momentum: 0.9 } as const;
/** Of the text that losses are compared on; each is an evaluation's. */
const FIXED_BATCHES = 256;
const BAR_WIDTH = 20;

const GENESIS: readonly number[] = [30, 200];
const MINERS: readonly number[] = [4];
const RATES: readonly number[] = [100, 1000, 10_000];

export const learningBench: CommandSpec = {
  name: "learning",
  description:
    "what measured steps learn, beside the same miners' DiLoCo, the best of them alone and one machine with all the tokens; fails where a target is missed",
  examples: [
    "npm run bench -- learning --json learning.json --svg learning.svg",
    "npm run bench -- learning --model localnet --genesis 250 --miners 2 --cycles 4 --steps 100 --rates 60 250 1000 4000",
    "npm run bench -- learning --genesis 30 --miners 1 2 4 8 --rates 1000",
    "npm run bench -- learning --rates 100 1000 10000 30000 --cheats none noise sign-flip",
  ],
  define: (command) =>
    command
      .addOption(
        new Option("--model <name>", "a model that trains in a moment, or the localnet's")
          .choices(Object.keys(MODELS))
          .default("small"),
      )
      .option("--group <name>", "expert group", "math")
      .option("--genesis <steps...>", "inner steps behind the genesis models", wholeNumbers(1, GENESIS), GENESIS)
      .option("--miners <n...>", "miners of the group", wholeNumbers(1, MINERS), MINERS)
      .option("--rates <thousandths...>", "learning rates, 1000 the usual one", wholeNumbers(1, RATES), RATES)
      .addOption(
        new Option("--cheats <kinds...>", "what every second miner submits in place of its training")
          .choices(CHEATS)
          .default(["none"]),
      )
      .option("--cycles <n>", "cycles", wholeNumber(1), 20)
      .option("--steps <n>", "inner steps of a cycle", wholeNumber(1), 24)
      .addOption(figuresOption())
      .addOption(outputOption("--svg <file>", "draw the curves of all comparisons there"))
      .action(run),
};

/** The localnet's network, of a genesis that nothing asks for. */
const localnetNetwork = (): Network => ({
  ...loadNetworkTemplate("configs/localnet/network.yaml"),
  genesis: "0".repeat(64),
});

/** The same around a model that trains in a moment. */
const smallNetwork = (): Network => {
  const network = localnetNetwork();
  const model = { ...network.model, hidden_size: 32, num_attention_heads: 4, head_dim: 8, moe_intermediate_size: 48 };
  return {
    ...network,
    model,
    data: { ...network.data, sequence_length: 32 },
    scoring: { ...network.scoring, eval_batch_size: 4, top_n: 8 },
  };
};

/** Each with its miners' usual learning rate. */
const MODELS = {
  small: { networkOf: smallNetwork, rate: RATE },
  localnet: { networkOf: localnetNetwork, rate: TRAINING.learning_rate },
} as const;

const run = async (flags: Flags): Promise<void> => {
  const { model, group, genesis, rates, cycles, steps, json, svg } = flags;
  const here = machine();
  const device = onnxCpu({ threads: 1 });
  const { networkOf, rate: usual } = MODELS[model];
  const network = networkOf();
  const batchSize = network.scoring.eval_batch_size;
  console.log(
    `${describeMachine(here)}\n${cycles} cycles of ${steps} steps of 8 × ${network.data.sequence_length} tokens, group ${group}`,
  );
  const figures: Figure[] = [];
  const comparisons = comparisonsOf(flags);
  const progress = progressOver(genesis.length * rates.length * runsOf(comparisons) * cycles);
  try {
    for (const pretraining of genesis) {
      const { signal } = new AbortController();
      const base = await pretrain({ network, device, seed: "learning", steps: pretraining, ...PRETRAINING, signal });
      const meter = await createLossMeter(device, network, { batchSize, parameters: base });
      const fixed = groupHeldOutBatches(network, group, { batches: FIXED_BATCHES, batchSize, seed: "f".repeat(64) });
      for (const rate of rates) {
        const training = {
          batch_size: 8,
          learning_rate: (usual * rate) / 1000,
          warmup_steps: Math.ceil(steps / 20),
          max_steps: steps,
        };
        const titled = `genesis of ${pretraining} steps, rate × ${rate / 1000}`;
        const course = (what: string): Course => ({
          ...{ device, network, group, genesis: base, meter, cycles, training, fixed },
          onCycle: (cycle, loss) =>
            progress.step(`${titled}, ${what}  cycle ${cycle}/${cycles}  loss ${loss.toFixed(4)}`),
        });
        const minerAlone = onceEach((miner) => alone(course(`miner ${miner} alone`), `miner ${miner}`));
        const wholeOf = onceEach((times) =>
          times === 1 ? minerAlone(0) : alone(course(`tokens of ${times}`), "machine", times),
        );
        for (const { count, cheat, honest } of comparisons) {
          const among = cheat === "none" ? "" : `, every second one ${cheat}`;
          const miners = `${count} ${count === 1 ? "miner" : "miners"}${among}`;
          const title = `${titled}, ${miners}`;
          const alones: Run[] = [];
          for (const miner of honest) alones.push(await minerAlone(miner));
          const ofGroup = (what: string): Course => ({ ...course(`${count} ${what}${among}`), cheat });
          const runs: Readonly<Record<string, Run>> = {
            measured: await together(ofGroup("measured"), count),
            DiLoCo: await together(ofGroup("DiLoCo"), count, DILOCO),
            "best miner alone": alones.reduce((a, b) => (summaryOf(b).end < summaryOf(a).end ? b : a)),
            "all tokens": await wholeOf(honest.length),
          };
          const targets = targetsOf(runs);
          figures.push({
            ...{ title, pretraining, rate: rate / 1000, miners: count, cheat },
            group: `genesis of ${pretraining} steps, ${miners}`,
            missed: targets.filter(({ isMet }) => !isMet).map(({ target }) => target),
            runs: mapValues(runs, figureOf),
          });
          const { chooseSeconds, trainSeconds } = runs.measured!;
          progress.close();
          console.log(
            `\n${title}; choosing took ${percent((chooseSeconds * count) / trainSeconds)} of a miner's training`,
          );
          const judged = targets.map(({ target, isMet }) => `${target}: ${verdict(isMet)}`);
          console.log(`${tableOf(runs)}\n${judged.join(", ")}`);
          await writeFigures(json, { machine: here, model, group, cycles, steps, figures });
          if (svg !== undefined) await writeOutput(svg, picture(figures.map(chartOf)));
        }
      }
      await meter.dispose();
    }
  } finally {
    progress.close();
  }
  if (rates.length > 1) console.log(`\neach at the rate at which it ends lowest\n${bestRatesOf(figures)}`);
  const missed = figures.filter((figure) => figure.missed.length > 0);
  if (missed.length === 0) return;
  console.error(`\n✖ of ${figures.length} comparisons ${missed.length} missed a target:`);
  for (const { title, missed: targets } of missed) console.error(`✖ ${title}: ${targets.join(", ")}`);
  process.exitCode = 1;
};

/** Makes what belongs to a number when it is first asked for. */
const onceEach = (make: (key: number) => Promise<Run>) => {
  const made = new Map<number, Promise<Run>>();
  return (key: number): Promise<Run> => {
    const run = made.get(key) ?? make(key);
    made.set(key, run);
    return run;
  };
};

/** A group that is looked at. */
interface Comparison {
  readonly count: number;
  readonly cheat: Cheat;
  /** Numbers of the miners that do not cheat. */
  readonly honest: readonly number[];
}

const comparisonsOf = ({ miners, cheats }: Pick<Flags, "miners" | "cheats">): readonly Comparison[] =>
  miners.flatMap((count) =>
    cheats.flatMap((cheat): readonly Comparison[] => {
      const honest = Array.from({ length: count }, (_, miner) => miner).filter((miner) => isHonest(miner, cheat));
      return cheat !== "none" && honest.length === count ? [] : [{ count, cheat, honest }];
    }),
  );

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

/** Runs for one genesis model and rate. */
const runsOf = (comparisons: readonly Comparison[]): number => {
  const alones = new Set(comparisons.flatMap(({ honest }) => honest));
  const machines = new Set(comparisons.map(({ honest }) => honest.length).filter((times) => times > 1));
  return alones.size + machines.size + 2 * comparisons.length;
};

/** Part of another's way that measured steps come at least. */
const WAY = 0.95;

const targetsOf = (runs: Readonly<Record<string, Run>>) => {
  const [measured, diloco, best, whole] = (["measured", "DiLoCo", "best miner alone", "all tokens"] as const).map(
    (name) => summaryOf(runs[name]!),
  );
  const isWayOf = ({ start, end }: Summary): boolean => start - measured!.end >= WAY * (start - end);
  return [
    { target: "no rise", isMet: measured!.rises === 0 },
    { target: "not above the best miner alone", isMet: measured!.end <= best!.end },
    { target: `${percent(WAY)} of DiLoCo's way`, isMet: isWayOf(diloco!) },
    { target: `${percent(WAY)} of the way of all tokens`, isMet: isWayOf(whole!) },
  ];
};

/** A run in the file of figures: losses are means over the fixed text. */
type RunFigure = Omit<Run, "losses"> & Summary & { readonly losses: readonly number[] };

interface Figure {
  readonly title: string;
  /** The title without the rate. */
  readonly group: string;
  readonly pretraining: number;
  readonly rate: number;
  readonly miners: number;
  readonly cheat: Cheat;
  /** Targets. */
  readonly missed: readonly string[];
  readonly runs: Readonly<Record<string, RunFigure>>;
}

const figureOf = (one: Run): RunFigure => ({ ...one, ...summaryOf(one), losses: one.losses.map(mean) });

const chartOf = ({ title, runs }: Figure): Chart => ({
  title,
  lines: Object.entries(runs).map(([name, { losses }]) => ({ name, values: losses })),
});

/**
 * Each run at the rate at which it ends lowest, for batches of another size have another best rate. Of the way: of that of all tokens at their best
 * rate.
 */
const bestRatesOf = (figures: readonly Figure[]): string => {
  const groups = [...new Set(figures.map(({ group }) => group))];
  const names = Object.keys(figures[0]!.runs);
  return table([
    ["", ...names],
    ...groups.map((group) => {
      const own = figures.filter((figure) => figure.group === group);
      const lowest = (name: string) => own.reduce((a, b) => (b.runs[name]!.end < a.runs[name]!.end ? b : a));
      const whole = lowest("all tokens").runs["all tokens"]!;
      const cellOf = (name: string): string => {
        const { rate, runs } = lowest(name);
        const { start, end } = runs[name]!;
        return `${end.toFixed(4)} at × ${rate}, ${percent((start - end) / (whole.start - whole.end))}`;
      };
      return [group, ...names.map(cellOf)];
    }),
  ]);
};

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
