import { TRAINING } from "#localnet/training.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import { mean } from "#shared/util/mean.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, pretrainingOption, writeFigures } from "../options.js";
import { groupsOf, IDENTITIES, type Judged, judge } from "./judge.js";
import { type Cheat, type Figures, measure, OTHERS, type Told, WINDOWS } from "./measure.js";

/** Unless the command line says others. */
const PRETRAINING: readonly number[] = [100, 800];

const STATISTICS: readonly (readonly [keyof Told, string])[] = [
  ["alone", "of the update alone"],
  ["beside", "beside two trainings without a slice"],
];

interface Flags {
  readonly pretraining: readonly number[];
  readonly group: string;
  readonly json?: string;
}

export const assignedTextBench: CommandSpec = {
  name: "assigned-text",
  description: "whether an update tells on which text it was trained, and what it takes to make it tell",
  examples: ["npm run bench -- assigned-text", "npm run bench -- assigned-text --pretraining 100 --json figures.json"],
  define: (command) =>
    command
      .addOption(pretrainingOption(PRETRAINING))
      .option("--group <name>", "the expert group", "prose")
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ pretraining, group, json }: Flags): Promise<void> => {
  const here = machine();
  const terms = { usual: TRAINING.max_steps, exponent: DEFAULT_CURVE.exponent };
  console.log(
    `${describeMachine(here)}\nthe localnet's training; slices of ${WINDOWS} windows, ${OTHERS} windows of text assigned to others`,
  );
  const figures = [];
  for (const steps of pretraining) {
    const found = await measure(group, steps);
    figures.push({ group, pretraining: steps, ...found });
    await writeFigures(json, { machine: here, figures });
    for (const [which, name] of STATISTICS) {
      const { deviation, judged } = judge(found, which, terms);
      console.log(`\n${group} after ${steps} steps, ${name}: updates deviate by ${deviation.toFixed(2)}`);
      console.log(table([HEAD, ...judged.map(rowOf)]));
    }
    console.log(`\n${group} after ${steps} steps: steps on a slice, added to a training without one`);
    console.log(table([ADDED_HEAD, ...addedRows(found)]));
  }
};

const HEAD = [
  ...["share", "half, usual, twice", "gains", "threshold", "power"],
  ...IDENTITIES.map((count) => `under ${count}: steps×rate, passes, gain`),
];

const rowOf = ({ share, honest, gains, threshold, power, best }: Judged): readonly string[] => [
  String(share),
  ...[honest, gains].map((values) => values.map((value) => value.toFixed(2)).join(" ")),
  threshold.toFixed(2),
  power.toFixed(4),
  ...best.map(({ steps, rate, passes, gain }) => `${steps}×${rate} ${passes.toFixed(2)} ${gain.toFixed(2)}`),
];

const ADDED_HEAD = ["steps", "rate", "of", "alone", "beside", "gain"];

/** Means over slices; gains relative to trainings without a slice. */
const addedRows = ({ gains, cheats }: Figures): readonly (readonly string[])[] =>
  groupsOf(cheats, ({ steps, rate }) => `${steps}/${rate}`).map((way) => {
    const { steps, rate } = way[0]!;
    const of = (value: (cheat: Cheat) => number) => mean(way.map(value)).toFixed(2);
    return [
      ...[steps, rate, way.length].map(String),
      ...[of(({ alone }) => alone), of(({ beside }) => beside), of(({ gain }) => gain / mean(gains))],
    ];
  });
