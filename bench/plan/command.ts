import { Option } from "commander";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { bytes, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { planCases } from "./cases.js";
import { type Compared, comparedMiner, comparedValidator, type PlanFigures } from "./measure.js";

/** By how much what is measured may differ from the plan. */
const TOLERANCE = 0.15;

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
  console.log(
    table([
      ["case", "role", "", "planned", "measured", "ratio"],
      ...figures.flatMap(({ name, role, memory, speed }) => [
        [name, role, memory.what, bytes(memory.planned), bytes(memory.measured), ratioOf(memory).toFixed(2)],
        ["", "", speed.what, speed.planned.toFixed(0), speed.measured.toFixed(0), ratioOf(speed).toFixed(2)],
      ]),
    ]),
  );
  const all = figures.flatMap(({ memory, speed }) => [memory, speed]);
  const met = all.every((compared) => Math.abs(ratioOf(compared) - 1) <= TOLERANCE);
  console.log(`\n  measured within ${100 * TOLERANCE} % of the plan: ${verdict(met)}`);
  if (!met) process.exitCode = 1;
};

const ratioOf = ({ planned, measured }: Compared): number => measured / planned;
