import { Option } from "commander";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { bytes, percent } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { median } from "../median.js";
import { figuresOption, writeFigures } from "../options.js";
import { planCases } from "./cases.js";
import { type Compared, ratioOf, standing, TOLERANCE, variationOf } from "./compared.js";
import { comparedMiner, comparedValidator, type PlanFigures } from "./measure.js";

interface Flags {
  readonly case: readonly string[];
  readonly threads: number;
  readonly json?: string;
}

/** What `plan` says is what happens. */
export const planBench: CommandSpec = {
  name: "plan",
  description: "what both programs' `plan` says of memory and speed beside what is measured",
  examples: ["npm run bench -- plan", "npm run bench -- plan --case small --json plan.json"],
  define: (command) =>
    command
      .addOption(
        new Option("--case <name...>", "cases to run; middle takes some 2 GB")
          .choices(planCases.map(({ name }) => name))
          .default(planCases.map(({ name }) => name)),
      )
      .option("--threads <n>", "processor threads, 0 for all", wholeNumber(0), 0)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ case: names, threads, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(`${describeMachine(here)}, load ${here.load.toFixed(1)}\n`);
  const figures: PlanFigures[] = [];
  for (const one of planCases.filter(({ name }) => names.includes(name)))
    for (const compare of [
      () => comparedMiner(one, "whole", threads),
      () => comparedMiner(one, "layers", threads),
      () => comparedValidator(one, threads),
    ]) {
      figures.push(await compare());
      await writeFigures(json, { machine: here, threads, figures });
    }
  const rowOf = (compared: Compared, format: (value: number) => string) => [
    compared.what,
    format(median(compared.turns.flatMap(({ before, after }) => [before, after]))),
    format(median(compared.turns.map(({ measured }) => measured))),
    ratioOf(compared).toFixed(2),
    percent(variationOf(compared)),
    standing(compared),
  ];
  const whole = (value: number) => value.toFixed(0);
  console.log(
    table([
      ["case", "role", "", "planned", "measured", "ratio", "plan varied by", ""],
      ...figures.flatMap(({ name, role, memory, speed }) => [
        [name, role, ...rowOf(memory, bytes)],
        ["", "", ...rowOf(speed, whole)],
      ]),
    ]),
  );
  const all = figures.flatMap(({ memory, speed }) => [standing(memory), standing(speed)]);
  const worst = (["MISSED", "UNSURE"] as const).find((one) => all.includes(one)) ?? "met";
  console.log(`\n  measured within ${100 * TOLERANCE} % of the plan: ${SAID[worst]}`);
  if (worst === "MISSED") process.exitCode = 1;
};

const SAID = { met: "met", MISSED: "MISSED", UNSURE: "UNSURE: the machine's own speed varied" } as const;
