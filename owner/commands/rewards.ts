import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { stringify } from "yaml";
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { readHistory } from "../rewards/history.js";
import { highestPrice, identityPrices, isSafeInAnyField } from "../rewards/identity-price.js";
import { type Measures, measure } from "../rewards/measures.js";
import { createPayroll } from "../rewards/payroll.js";
import { scalePopulation } from "../rewards/population.js";
import { readScenario, scenarioOf } from "../rewards/read-scenario.js";
import { rewardsPage } from "../rewards/report.js";
import type { Scenario } from "../rewards/scenario.js";
import { simulate as runSimulation } from "../rewards/simulate.js";
import { type Axis, parseAxis, type SweepPoint, sweep } from "../rewards/sweep.js";
import { wholeNumber } from "../whole-number.js";

interface Options {
  readonly scenario?: string;
  readonly cycles: number;
  readonly seed: number;
  readonly miners?: number;
  readonly json?: string;
  readonly html?: string;
  readonly printScenario?: boolean;
}

/** Cycles that the page runs each time a control moves. */
const PAGE_CYCLES = 200;

const simulationOptions = (command: Command): Command =>
  command
    .option("--scenario <file>", "YAML of economy and miners; what it leaves out is as in a typical subnet")
    .option("--cycles <n>", "cycles to live through", wholeNumber(1, 100_000), 500)
    .option("--miners <n>", "miners in all, in the scenario's proportions", wholeNumber(1, 4096))
    .option("--seed <n>", "of the random numbers", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--json <file>", "write all figures as JSON");

const simulate: CommandSpec = {
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

interface TuneOptions extends Options {
  readonly sweep: readonly Axis[];
  readonly floor: number;
}

const tune: CommandSpec = {
  name: "tune",
  description: "sweep the parameters of a reward curve and rank what comes of it",
  examples: [
    "blockzero rewards tune --sweep curve=proportional,top-n,rank-points,two-groups",
    "blockzero rewards tune --sweep curve.exponent=1,1.5,2,3,4 --sweep concavity=0.4,0.5,0.7",
    "blockzero rewards tune --sweep curve=top-n --sweep curve.n=4,8,16 --sweep curve.decay.ratio=1.05,1.5",
  ],
  define: (command) => {
    simulationOptions(command)
      .requiredOption(
        "--sweep <parameter=values>",
        "a parameter of the economy and its values; may be given more than once",
        (text: string, before: readonly Axis[] = []) => [...before, parseAxis(text)],
      )
      .option("--floor <profit>", "least profit a cycle of the honest mid-tier miner", Number, 0)
      .action((options: TuneOptions) => {
        const points = sweep(scenarioFrom(options), options.sweep, options);
        const judged = points
          .map((point) => ({ ...point, ...judge(point, options.floor) }))
          .sort(
            (a, b) =>
              Number(a.unfit !== null) - Number(b.unfit !== null) ||
              a.measures.costOfLossReduction - b.measures.costOfLossReduction,
          );
        const names = options.sweep.map(({ path }) => path);
        console.log(
          table([
            [...names, "emission per nat", "mid-tier profit", "best attack", "identity price", "Gini", "unfit"],
            ...judged.map(({ setting, measures, worstAttack, price, unfit }) => [
              ...names.map((name) => String(setting[name])),
              number(measures.costOfLossReduction),
              number(measures.midTierProfit),
              number(worstAttack),
              number(price),
              measures.gini.toFixed(2),
              unfit ?? "",
            ]),
          ]),
        );
        save(options.json, () =>
          JSON.stringify(
            judged.map(({ scenario: _, ...point }) => point),
            null,
            2,
          ),
        );
      });
  },
};

/** A curve is fit to be paid when the middle lives of it, and neither cheating nor splitting does better than honest work. */
const judge = ({ scenario, measures: { attacks, midTierProfit } }: SweepPoint, floor: number) => {
  const worstAttack = Math.max(Number.NEGATIVE_INFINITY, ...attacks.map(({ gain }) => gain));
  const price = highestPrice(scenario);
  const unfit =
    midTierProfit < floor
      ? "starves the middle"
      : worstAttack > 0
        ? "pays a cheater"
        : price > scenario.economy.identityCost
          ? "splitting pays"
          : null;
  return { worstAttack, price, unfit };
};

interface ReplayOptions extends Options {
  readonly home: string;
}

const replay: CommandSpec = {
  name: "replay",
  description: "pay what miners really scored under another reward curve",
  examples: ["blockzero rewards replay --home .blockzero/localnet --scenario subnet.yaml"],
  define: (command) => {
    command
      .requiredOption("--home <folder>", "home of a validator or of a localnet, whose reports are read")
      .option("--scenario <file>", "YAML whose economy pays; its miners are not used")
      .option("--json <file>", "write all figures as JSON")
      .action((options: ReplayOptions) => {
        const history = readHistory(options.home);
        const { economy } = options.scenario === undefined ? scenarioOf({}, "") : readScenario(options.scenario);
        const pay = createPayroll(economy, history.hotkeys.length);
        const income = new Array<number>(history.hotkeys.length).fill(0);
        for (const { scores } of history.cycles)
          for (const [i, amount] of pay(scores).income.entries()) income[i] = income[i]! + amount;
        const miners = history.hotkeys
          .map((hotkey, i) => ({
            hotkey,
            income: income[i]!,
            scored: history.cycles.filter(({ scores }) => scores[i] !== null).length,
          }))
          .sort((a, b) => b.income - a.income);
        const [first, last] = [history.cycles[0]!.cycle, history.cycles.at(-1)!.cycle];
        console.log(`cycles ${first} to ${last}, ${history.cycles.length} with reports`);
        console.log(
          table([
            ["hotkey", "scored in", "income"],
            ...miners.map(({ hotkey, scored, income: amount }) => [hotkey, String(scored), number(amount)]),
          ]),
        );
        save(options.json, () => JSON.stringify({ economy, cycles: history.cycles.length, miners }, null, 2));
      });
  },
};

export const rewards: CommandGroup = {
  name: "rewards",
  description: "choose a reward curve: simulate it, tune it, replay history under it",
  commands: [simulate, tune, replay],
};

const scenarioFrom = ({ scenario: file, miners }: Options): Scenario => {
  const scenario = file === undefined ? scenarioOf({}, "") : readScenario(file);
  return miners === undefined ? scenario : { ...scenario, kinds: scalePopulation(scenario.kinds, miners) };
};

const number = (value: number): string => (Number.isFinite(value) ? value.toPrecision(4) : "∞");

const print = ({ kinds, midTierProfit, gini, costOfLossReduction, attacks }: Measures, cycles: number): void => {
  console.log(`means of a cycle, over ${cycles} cycles, in the unit of the emission`);
  console.log(
    table([
      ["miner", "count", "income", "cost", "profit", "first paid after"],
      ...kinds.map(({ name, miners, income, cost, profit, firstPaidAfter }) => [
        name,
        String(miners),
        number(income),
        number(cost),
        number(profit),
        firstPaidAfter === null ? "never" : `${firstPaidAfter.toFixed(1)} cycles`,
      ]),
    ]),
  );
  console.log(`\nhonest mid-tier miner's profit  ${number(midTierProfit)}`);
  console.log(`Gini of honest income           ${gini.toFixed(2)}`);
  console.log(`emission per nat of loss        ${number(costOfLossReduction)}`);
  for (const { name, gain } of attacks)
    console.log(`${`${name} beside honest work`.padEnd(31)} ${number(gain)}${gain > 0 ? "  it pays" : ""}`);
};

const printPrices = (scenario: Scenario): void => {
  for (const { kind, price } of identityPrices(scenario)) {
    const pays = price > scenario.economy.identityCost;
    const verdict = pays ? `splitting pays while an identity costs less than ${number(price)}` : "splitting never pays";
    console.log(`${`${kind}, its work divided`.padEnd(31)} ${verdict}`);
  }
  const isSafe = isSafeInAnyField(scenario.economy);
  if (isSafe !== null)
    console.log(
      `${"anybody, in any population".padEnd(31)} splitting ${isSafe ? "never pays" : "pays where identities are cheap"}`,
    );
};

/** @throws FILE_UNWRITABLE */
const save = (file: string | undefined, text: () => string): void => {
  if (file === undefined) return;
  const content = `${text()}\n`;
  try {
    writeFileSync(file, content);
  } catch (thrown) {
    throw new BlockZeroError("FILE_UNWRITABLE", `cannot write ${file}: ${reasonOf(thrown)}`, "choose another path", {
      cause: thrown,
    });
  }
};
