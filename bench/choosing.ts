import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { normal } from "#shared/data/normal.js";
import { createRandom, type Random } from "#shared/data/random.js";
import { DEFAULT_CONFIDENCE } from "#shared/protocol/network-file/default-confidence.js";
import { DEFAULT_STEPS } from "#shared/protocol/network-file/default-steps.js";
import { type OuterStep, reachOf } from "#shared/protocol/network-file/outer-step.js";
import { measureSteps } from "#shared/scoring/steps/measure-steps.js";
import { percent } from "./format.js";
import { describeMachine, machine } from "./machine.js";
import { figuresOption, writeFigures } from "./options.js";

interface Flags {
  readonly trials: number;
  readonly batches: number;
  readonly json?: string;
}

/** Steps of a cycle along a line on which the loss is a parabola. */
interface Line {
  /** What a step of rate 1 along the merged update gains but for the curvature, in standard deviations of one batch's gain. */
  readonly gain: number;
  /** The best rate along it. */
  readonly rate: number;
}

const LINES: readonly Line[] = [
  { gain: 0, rate: Number.POSITIVE_INFINITY },
  { gain: 0.2, rate: 1.5 },
  { gain: 0.3, rate: 1.5 },
  { gain: 0.6, rate: 1.5 },
  { gain: 1, rate: 1.5 },
  { gain: 1.4, rate: 1.2 },
  { gain: 2.5, rate: 3 },
];

/** How the gain along a direction goes with that along the merged update: `noise` is of a batch and its own, `curvature` relative. */
const DIRECTIONS: Readonly<Record<OuterStep["along"], { gain: number; noise: number; curvature: number }>> = {
  merged: { gain: 1, noise: 0, curvature: 1 },
  all: { gain: 0.98, noise: 0.15, curvature: 1 },
  best: { gain: 0.95, noise: 0.8, curvature: 1.6 },
};
/** Spread of the curvature over batches, of itself. */
const CURVATURE_SPREAD = 0.3;

export const choosingBench: CommandSpec = {
  name: "choosing",
  description: "how often a step that gains is found, and what measuring candidate steps costs, on drawn losses",
  examples: ["npm run bench -- choosing", "npm run bench -- choosing --batches 128"],
  define: (command) =>
    command
      .option("--trials <n>", "cycles drawn of each kind", wholeNumber(1), 100)
      .option("--batches <n>", "batches at most", wholeNumber(2), 512)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ trials, batches, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(`${describeMachine(here)}\n${trials} cycles of each kind, ${batches} batches at most`);
  const figures = [];
  for (const line of LINES) figures.push({ ...line, ...(await measured(line, trials, batches)) });
  console.log(
    table([
      ["gain", "best rate", "passes", "a step is found", "of the best step's gain"],
      ...figures.map(({ gain, rate, passes, found, part }) => [
        String(gain),
        String(rate),
        passes.toFixed(0),
        percent(found),
        gain === 0 ? "" : percent(part),
      ]),
    ]),
  );
  await writeFigures(json, { machine: here, trials, batches, figures });
};

/** Means over the trials. */
const measured = async (line: Line, trials: number, batches: number) => {
  const random = createRandom(`choosing ${line.gain} ${line.rate}`);
  const gains = DEFAULT_STEPS.map((step) => gainOf(line, step));
  const sums = { passes: 0, found: 0, part: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const drawn = Array.from({ length: batches }, () => drawBatch(line, random));
    const { best, passes } = await measureSteps({
      rules: { confidence: DEFAULT_CONFIDENCE, batches },
      reaches: DEFAULT_STEPS.map(reachOf),
      losses: async (candidate, from, to) =>
        drawn.slice(from, to).map((batch) => (candidate === null ? 0 : -batch[candidate]!)),
    });
    sums.passes += passes / trials;
    if (best === null) continue;
    sums.found += 1 / trials;
    sums.part += gains[best]! / Math.max(...gains) / trials;
  }
  return sums;
};

/** The rate of a step as a whole: momentum whose buffer is empty goes along the same update. */
const rateOf = ({ lr, momentum }: OuterStep): number => lr * (1 + momentum);

const gainOf = ({ gain, rate }: Line, step: OuterStep): number => {
  const { gain: part, curvature } = DIRECTIONS[step.along];
  const taken = rateOf(step);
  return taken * part * gain - (taken ** 2 * curvature * gain) / (2 * rate);
};

/** What each step gains on one batch. */
const drawBatch = ({ gain, rate }: Line, random: Random): readonly number[] => {
  const common = normal(random);
  const own = { merged: 0, all: normal(random), best: normal(random) };
  const bend = (gain / (2 * rate)) * (1 + CURVATURE_SPREAD * normal(random));
  return DEFAULT_STEPS.map((step) => {
    const { gain: part, noise, curvature } = DIRECTIONS[step.along];
    const shared = step.along === "best" ? Math.sqrt(1 - noise ** 2) : 1;
    const taken = rateOf(step);
    return taken * (part * gain + shared * common + noise * own[step.along]) - taken ** 2 * curvature * bend;
  });
};
