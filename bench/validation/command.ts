import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { createRandom } from "#shared/data/random.js";
import type { Network } from "#shared/protocol/network.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { mean } from "#shared/util/mean.js";
import { percent, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, outputOption, wholeNumbers, writeFigures, writeOutput } from "../options.js";
import { type Cost, localnetCost, presetCost, secondsEach, secondsOnce, secondsUnshared } from "./cost.js";
import { type Measured, measure } from "./measure.js";
import { recordedCasts, simulatedCasts } from "./populations.js";
import { formatRecording } from "./recording.js";
import { type Comparison, compare } from "./trial.js";

/** The protocol that races are compared with, as Bittensor's subnets of this kind evaluate. */
const FULL_BATCHES = 51;
/** Windows in each of its batches. */
const FULL_BATCH_SIZE = 8;
/** Inner steps of the honest miners that are measured. */
const HONEST = [100, 100, 100, 100, 100, 100, 70, 70, 50, 50, 30, 15];
const TARGETS = { batches: 0.35, agreement: 0.98, cost: 0.02 };

/** Unless the command line says others. */
const PRETRAINING: readonly number[] = [250, 800];

interface Flags {
  readonly pretraining: readonly number[];
  readonly trials: number;
  readonly record?: string;
  readonly json?: string;
}

export const validationBench: CommandSpec = {
  name: "validation",
  description: "what racing saves of a full evaluation, whether it finds the same miners, and what scoring one costs",
  examples: ["npm run bench -- validation", "npm run bench -- validation --trials 1000 --json validation.json"],
  define: (command) =>
    command
      .option(
        "--pretraining <steps...>",
        "inner steps behind the base models of real miners",
        wholeNumbers(1, PRETRAINING),
        PRETRAINING,
      )
      .option("--trials <n>", "cycles raced of each kind", wholeNumber(1), 200)
      .addOption(outputOption("--record <file>", "write the real miners' paired differences there"))
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ pretraining, trials, record, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const real: Measured[] = [];
  for (const steps of pretraining)
    real.push(
      await measure({
        groups: ["prose", "math"],
        pretraining: steps,
        honest: HONEST,
        batches: 2 * FULL_BATCHES,
        batchSize: FULL_BATCH_SIZE,
      }),
    );
  const groups = real.flatMap((measured) => measured.groups);
  if (record !== undefined) await writeOutput(record, formatRecording(groups));

  const { network } = real[0]!;
  const races = await compareAll(network, groups, trials);
  const shown = (comparison: Comparison) =>
    (["batches", "agreement", "same", "repeated"] as const).map((key) => percent(comparison[key]));
  const all = meanOf(races.map(({ comparison }) => comparison));
  const met = { batches: all.batches <= TARGETS.batches, agreement: all.agreement >= TARGETS.agreement };
  const { rounds, tolerance } = network.scoring.racing;
  console.log(
    `\n${trials} races of each kind against ${FULL_BATCHES} batches; ${rounds} rounds, tolerance ${percent(tolerance)}`,
  );
  console.log(
    table([
      ["", "miners", "top N", "batches", "places agree", "same miner", "51 other batches agree"],
      ...races.map(({ cast, comparison }) => [cast.name, `${cast.miners}`, `${cast.topN}`, ...shown(comparison)]),
      ["mean", "", "", ...shown(all)],
      ["target", "", "", verdict(met.batches), verdict(met.agreement), "", ""],
    ]),
  );

  const costs = [
    await localnetCost(real[0]!, trials),
    await presetCost(network, { batches: FULL_BATCHES, share: all.batches }),
  ];
  console.log("\nwhat scoring costs");
  console.log(table(costTable(costs)));
  await writeFigures(json, {
    machine: here,
    targets: TARGETS,
    racing: network.scoring.racing,
    races: races.map(({ cast: { name, miners, topN }, comparison }) => ({ name, miners, topN, ...comparison })),
    mean: all,
    costs: costs.map((cost) => ({
      ...cost,
      each: secondsEach(cost),
      once: secondsOnce(cost),
      ratio: secondsEach(cost) / cost.trained,
    })),
  });
};

const compareAll = async (network: Network, groups: Measured["groups"], trials: number) => {
  const races = [];
  for (const cast of [...recordedCasts(groups), ...simulatedCasts()]) {
    const rules = { ...raceRules(network.scoring), batches: FULL_BATCHES, topN: cast.topN };
    const random = createRandom(`validation ${cast.name}`);
    races.push({ cast, comparison: await compare({ draw: cast.draw, rules, trials, random }) });
  }
  return races;
};

const meanOf = (comparisons: readonly Comparison[]): Comparison => {
  const of = (key: keyof Comparison) => mean(comparisons.map((comparison) => comparison[key]));
  return { batches: of("batches"), agreement: of("agreement"), same: of("same"), repeated: of("repeated") };
};

/** Miners of a group that share what is done once for all of them. */
const SHARING = [4, 64];

/** A column a case. */
const costTable = (costs: readonly Cost[]): readonly (readonly string[])[] => {
  const row = (label: string, show: (cost: Cost) => string) => [label, ...costs.map(show)];
  const time = (label: string, seconds: (cost: Cost) => number) =>
    row(label, (cost) => `${(1000 * seconds(cost)).toFixed(1)} ms`);
  const ratio = (label: string, seconds: (cost: Cost) => number) =>
    row(label, (cost) => percent(seconds(cost) / cost.trained));
  return [
    row("", ({ name }) => name),
    time("a batch, sharing nothing", ({ parts }) => parts.wholeBatch),
    time("a batch after what models share", ({ parts }) => parts.batch),
    row("batches of a miner", ({ batches }) => batches.toFixed(1)),
    time("its gates", ({ parts }) => parts.gates),
    time("reading it again", ({ parts }) => parts.load),
    time("its sketch", ({ parts }) => parts.sketch),
    time("adding it to the model, each lap", ({ parts, laps }) => laps * parts.add),
    time("its batches", ({ parts, batches }) => batches * parts.batch),
    time("a miner", secondsEach),
    row("it trained for", ({ trained }) => `${trained.toFixed(2)} s`),
    ratio("ratio", secondsEach),
    row("target", (cost) => verdict(secondsEach(cost) / cost.trained < TARGETS.cost)),
    ratio("ratio, sharing nothing", secondsUnshared),
    time("once a cycle for a group: drawing batches", ({ parts, drawn }) => drawn * parts.draw),
    time("what its models share", ({ parts, longest }) => longest * parts.common),
    time("the model's own losses", ({ parts, longest }) => longest * parts.batch),
    ...SHARING.map((miners) =>
      ratio(`ratio, with a share of that among ${miners}`, (cost) => secondsEach(cost) + secondsOnce(cost) / miners),
    ),
  ];
};
