import { stringify } from "yaml";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { identityPrices, isSafeInAnyField } from "../../rewards/identity-price.js";
import { type Measures, measure } from "../../rewards/measures.js";
import { rewardsPage } from "../../rewards/report.js";
import type { Scenario } from "../../rewards/scenario.js";
import { simulate as runSimulation } from "../../rewards/simulate.js";
import { figure, save } from "./figures.js";
import { type SimulationOptions, scenarioFrom, simulationOptions } from "./simulation-options.js";

interface Options extends SimulationOptions {
  readonly html?: string;
  readonly printScenario?: boolean;
}

/** Cycles that the page runs each time a control moves. */
const PAGE_CYCLES = 200;

export const simulate: CommandSpec = {
  name: "simulate",
  description: "let simulated miners and cheaters earn under a reward curve, before paying for it",
  examples: [
    "blockzero rewards simulate --html rewards.html",
    "blockzero rewards simulate --scenario subnet.yaml --miners 256 --cycles 1000",
    "blockzero rewards simulate --print-scenario > subnet.yaml",
  ],
  define: (command) => {
    simulationOptions(command)
      .option("--html <file>", "write a page with charts and controls that simulate again as they move")
      .option("--print-scenario", "print the scenario as YAML and stop")
      .action((options: Options) => {
        const scenario = scenarioFrom(options);
        const { cycles, seed } = options;
        if (options.printScenario) return void process.stdout.write(stringify(scenario));
        const simulation = runSimulation({ ...scenario, cycles, seed });
        const measures = measure(simulation, { emission: scenario.economy.emission, cycles });
        print(measures, cycles);
        printPrices(scenario);
        save(options.json, () =>
          JSON.stringify({ scenario, cycles, seed, measures, identityPrices: identityPrices(scenario) }, null, 2),
        );
        save(options.html, () => rewardsPage({ scenario, cycles: Math.min(cycles, PAGE_CYCLES), seed }));
      });
  },
};

const print = ({ kinds, midTierProfit, gini, costOfLossReduction, attacks }: Measures, cycles: number): void => {
  console.log(`means of a cycle, over ${cycles} cycles, in the unit of the emission`);
  console.log(
    table([
      ["miner", "count", "income", "cost", "profit", "first paid after"],
      ...kinds.map(({ name, miners, income, cost, profit, firstPaidAfter }) => [
        name,
        String(miners),
        figure(income),
        figure(cost),
        figure(profit),
        firstPaidAfter === null ? "never" : `${firstPaidAfter.toFixed(1)} cycles`,
      ]),
    ]),
  );
  console.log(`\nhonest mid-tier miner's profit  ${figure(midTierProfit)}`);
  console.log(`Gini of honest income           ${gini.toFixed(2)}`);
  console.log(`emission per nat of loss        ${figure(costOfLossReduction)}`);
  for (const { name, gain } of attacks)
    console.log(`${`${name} beside honest work`.padEnd(31)} ${figure(gain)}${gain > 0 ? "  it pays" : ""}`);
};

const printPrices = (scenario: Scenario): void => {
  for (const { kind, price } of identityPrices(scenario)) {
    const pays = price > scenario.economy.identityCost;
    const verdict = pays ? `splitting pays while an identity costs less than ${figure(price)}` : "splitting never pays";
    console.log(`${`${kind}, its work divided`.padEnd(31)} ${verdict}`);
  }
  const isSafe = isSafeInAnyField(scenario.economy);
  if (isSafe !== null)
    console.log(
      `${"anybody, in any population".padEnd(31)} splitting ${isSafe ? "never pays" : "pays where identities are cheap"}`,
    );
};
