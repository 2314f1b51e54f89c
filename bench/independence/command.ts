import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, pretrainingOption, writeFigures } from "../options.js";
import { type Both, type Gain, IDENTITIES, measure, OTHERS } from "./measure.js";
import { trainPopulation } from "./population.js";

const RULES: readonly (readonly [keyof Both<unknown>, string])[] = [
  ["without", "without witnesses"],
  ["witnessed", "with two"],
];
/** Unless the command line says others. */
const PRETRAINING: readonly number[] = [100, 800];

interface Flags {
  readonly pretraining: readonly number[];
  readonly group: readonly string[];
  readonly json?: string;
}

export const independenceBench: CommandSpec = {
  name: "independence",
  description:
    "what honest miners get by score and independence, and what one training gets under many hotkeys, without witnesses and with two",
  examples: [
    "npm run bench -- independence",
    "npm run bench -- independence --pretraining 100 --group prose --json independence.json",
  ],
  define: (command) =>
    command
      .addOption(pretrainingOption(PRETRAINING))
      .option("--group <name...>", "expert groups", ["prose", "math"])
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ pretraining, group: groups, json }: Flags): Promise<void> => {
  const here = machine();
  const { exponent } = DEFAULT_CURVE;
  console.log(
    `${describeMachine(here)}\nthe localnet's training; 128 batches; pay by the power ${exponent} of the loss reduction`,
  );
  const figures = [];
  for (const steps of pretraining)
    for (const group of groups) {
      const { equals, sizes, gains } = measure(await trainPopulation(group, steps), exponent);
      figures.push({ group, pretraining: steps, equals, sizes, gains });
      console.log(`\n${group} after ${steps} steps; each figure ${RULES.map(([, name]) => name).join(", and ")}`);
      for (const [which, name] of RULES)
        console.log(`independence of eight equals, ${name}: ${equals[which].map((one) => one.toFixed(2)).join(" ")}`);
      console.log(
        table([
          ["steps", "rate", "loss reduction", "independence", "pay"],
          ...sizes.map((size) => [
            String(size.steps),
            size.rate.toFixed(2),
            size.gain.toFixed(4),
            ...[size.independence, size.pay].map((both) => RULES.map(([which]) => both[which].toFixed(2)).join(" ")),
          ]),
        ]),
      );
      console.log("\nwhat one training gets under many hotkeys beside so many honest miners, under one being 1");
      for (const [which, name] of RULES) console.log(table(rowsOf(gains, which, name)));
    }
  await writeFigures(json, { machine: here, figures });
};

/** A row a disguise, a column each number of hotkeys: the figures beside 1, 2, 4 and 7 others. */
const rowsOf = (gains: readonly Gain[], which: keyof Both<number>, name: string): readonly (readonly string[])[] => [
  [`hotkeys, ${name}`, ...IDENTITIES.map(String)],
  ...[...new Set(gains.map(({ disguise }) => disguise))].map((disguise) => [
    disguise,
    ...IDENTITIES.map((identities) =>
      OTHERS.map((others) =>
        gains
          .find((one) => one.disguise === disguise && one.identities === identities && one.others === others)!
          .gain[which].toFixed(2),
      ).join(" "),
    ),
  ]),
];
