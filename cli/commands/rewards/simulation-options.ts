import type { Command } from "commander";
import { scalePopulation } from "#owner/rewards/population.js";
import { readScenario, scenarioOf } from "#owner/rewards/read-scenario.js";
import type { Scenario } from "#owner/rewards/scenario.js";
import { wholeNumber } from "#shared/cli/numbers.js";

export interface SimulationOptions {
  readonly scenario?: string;
  readonly cycles: number;
  readonly seed: number;
  readonly miners?: number;
  readonly json?: string;
}

export const simulationOptions = (command: Command): Command =>
  command
    .option("--scenario <file>", "YAML of economy and miners; what it leaves out is as in a typical subnet")
    .option("--cycles <n>", "cycles to live through", wholeNumber(1, 100_000), 500)
    .option(
      "--miners <n>",
      "miners in all, in the scenario's proportions but at least one of each kind",
      wholeNumber(1, 4096),
    )
    .option("--seed <n>", "of the random numbers", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--json <file>", "write all figures as JSON");

/** @throws SCENARIO_… also where the miners asked for are too many */
export const scenarioFrom = ({ scenario: file, miners }: SimulationOptions): Scenario => {
  const scenario = file === undefined ? scenarioOf({}, "") : readScenario(file);
  if (miners === undefined) return scenario;
  return scenarioOf({ ...scenario, kinds: scalePopulation(scenario.kinds, miners) }, `--miners ${miners}`);
};
