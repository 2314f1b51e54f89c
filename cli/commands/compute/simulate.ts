import type { Command } from "commander";
import { measure, type RulesMeasures } from "#owner/compute/measures.js";
import { computePage } from "#owner/compute/page.js";
import { rulesOf } from "#owner/compute/rule-sets.js";
import { type ComputeScenario, TYPICAL_SCENARIO } from "#owner/compute/scenario.js";
import { simulateRules } from "#owner/compute/simulate.js";
import { nonNegativeNumber, positiveNumber, share, wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { checkSavable, save } from "../rewards/figures.js";

interface Options {
  readonly epochs: number;
  readonly seed: number;
  readonly window: number;
  readonly shortWindow: number;
  readonly confirmations: number;
  readonly load?: number;
  readonly utilisation: number;
  readonly watts?: number;
  readonly html?: string;
  readonly json?: string;
}

export const simulate: CommandSpec = {
  name: "simulate",
  description: "let hosts, renters, fast loaders, padders and lazy verifiers earn under each set of rules",
  examples: [
    "blockzero compute simulate --html compute.html",
    "blockzero compute simulate --window 600 --load 300 --confirmations 8",
    "blockzero compute simulate --watts 700 --json compute.json",
  ],
  define: (command: Command) => {
    const { window, shortWindow, confirmations, utilisation } = TYPICAL_SCENARIO;
    command
      .option("--epochs <n>", "days to live through", wholeNumber(1, 1000), 30)
      .option("--seed <n>", "of the random numbers", wholeNumber(0, 2 ** 32 - 1), 1)
      .option("--window <seconds>", "that a usual window counts", positiveNumber, window)
      .option("--short-window <seconds>", "that a short one counts", positiveNumber, shortWindow)
      .option("--confirmations <n>", "mean number of confirmations a day", nonNegativeNumber, confirmations)
      .option(
        "--load <seconds>",
        "from a trigger until a renter proves; unset: half of a usual window",
        nonNegativeNumber,
      )
      .option("--utilisation <share>", "of a host's time that real work takes", share, utilisation)
      .option("--watts <n>", "power of a unit of hardware at work: energy in joules too", positiveNumber)
      .option("--html <file>", "write a page with charts")
      .option("--json <file>", "write all figures as JSON")
      .action((options: Options) => {
        const { epochs, seed } = options;
        checkSavable(options.json, options.html);
        const scenario = scenarioFrom(options);
        const results = rulesOf(scenario).map((rules) =>
          measure(simulateRules(rules, scenario, { epochs, seed }), scenario),
        );
        print(results, epochs);
        save(options.json, () => JSON.stringify({ scenario, epochs, seed, results }, null, 2));
        save(options.html, () => computePage({ scenario, epochs, seed, results }));
      });
  },
};

const scenarioFrom = ({ window, shortWindow, confirmations, utilisation, watts, load }: Options): ComputeScenario => {
  const late = load ?? window / 2;
  return {
    ...TYPICAL_SCENARIO,
    ...{ window, shortWindow, confirmations, utilisation },
    watts: watts ?? null,
    kinds: TYPICAL_SCENARIO.kinds.map((kind) =>
      kind.presence === "rented" ? { ...kind, boot: late / 5, load: (4 * late) / 5 } : kind,
    ),
  };
};

const figure = (value: number): string => (value === 0 ? "0" : value.toPrecision(3));

const print = (results: readonly RulesMeasures[], epochs: number): void => {
  const kinds = results[0]!.kinds.map(({ kind }) => kind);
  const rows = (of: "perUnitHour" | "perUnit") =>
    results.map(({ name, kinds: measured }) => [name, ...measured.map((one) => figure(one[of]))]);
  console.log(`income for an hour of a unit of hardware, beside that of a host; means of ${epochs} days`);
  console.log(table([["rules", ...kinds], ...rows("perUnitHour")]));
  console.log("\nincome of a unit, whatever the hours for which it is held");
  console.log(table([["rules", ...kinds], ...rows("perUnit")]));
  console.log("\nseconds of a unit to each second of useful work");
  console.log(
    table([
      ["rules", "proofs", "verification", "together", "joules"],
      ...results.map(({ name, energy: { usefulWork, proofs, verification, perWork, joulesPerWork } }) => [
        name,
        figure(proofs / usefulWork),
        figure(verification / usefulWork),
        figure(perWork),
        joulesPerWork === null ? "" : figure(joulesPerWork),
      ]),
    ]),
  );
};
