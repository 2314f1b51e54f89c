import { stringify } from "yaml";
import { pictureOf } from "#owner/rewards/chart-data.js";
import { copyPriceInAnyField, identityPrices, isSafeInAnyField } from "#owner/rewards/identity-price.js";
import type { Measures } from "#owner/rewards/measures.js";
import { rewardsPage } from "#owner/rewards/report.js";
import type { Scenario } from "#owner/rewards/scenario.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { plural } from "#shared/util/plural.js";
import { checkSavable, figure, save } from "./figures.js";
import { type SimulationOptions, scenarioFrom, simulationOptions } from "./simulation-options.js";

interface Options extends SimulationOptions {
  readonly html?: string;
  readonly printScenario?: boolean;
}

/** Cycles that the page simulates each time a control moves, at most: it answers at once. */
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
        checkSavable(options.json, options.html);
        const picture = pictureOf(scenario, { cycles, seed });
        const { measures } = picture;
        print(measures, cycles);
        printPrices(scenario);
        save(options.json, () => JSON.stringify({ scenario, cycles, seed, measures, ...pricesOf(scenario) }, null, 2));
        const again = Math.min(cycles, PAGE_CYCLES);
        save(options.html, () => rewardsPage({ scenario, seed, run: picture, cycles: again }));
        if (options.html !== undefined)
          console.log(`\n${options.html} shows this run; when a control moves it simulates ${plural(again, "cycle")}.`);
      });
  },
};

const print = ({ kinds, midTierProfit, gini, costOfLossReduction, attacks }: Measures, cycles: number): void => {
  console.log(`means of a cycle, over ${plural(cycles, "cycle")}, in the unit of the emission`);
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

const pricesOf = (scenario: Scenario) => ({
  identityPrices: identityPrices(scenario),
  isSplittingSafe: isSafeInAnyField(scenario.economy),
  copyPrice: copyPriceInAnyField(scenario.economy),
});

const printPrices = (scenario: Scenario): void => {
  const { identityPrices, isSplittingSafe, copyPrice } = pricesOf(scenario);
  const { identityCost, duplicateRecall } = scenario.economy;
  const line = (who: string, verdict: string) => console.log(`${who.padEnd(31)} ${verdict}`);
  const verdictOf = (what: string, price: number, pays = "pays") =>
    price > identityCost ? `${what} ${pays} while an identity costs less than ${figure(price)}` : `${what} never pays`;
  for (const { kind, price } of identityPrices) line(`${kind}, its work divided`, verdictOf("splitting", price));
  const anybody = "anybody, in any population";
  if (isSplittingSafe !== null)
    line(anybody, `dividing work ${isSplittingSafe ? "never pays" : "pays where identities are cheap"}`);
  if (copyPrice !== null)
    line(
      anybody,
      `${verdictOf("copying", copyPrice, "may pay")}, where ${percent(duplicateRecall)} of copies are recognised`,
    );
};

const percent = (share: number): string => `${Number((100 * share).toPrecision(6))} %`;
