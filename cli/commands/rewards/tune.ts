import { highestPrice } from "#owner/rewards/identity-price.js";
import { type Axis, parseAxis, type SweepPoint, sweep } from "#owner/rewards/sweep.js";
import { finiteNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { checkSavable, figure, save } from "./figures.js";
import { type SimulationOptions, scenarioFrom, simulationOptions } from "./simulation-options.js";

interface Options extends SimulationOptions {
  readonly sweep: readonly Axis[];
  readonly floor: number;
}

export const tune: CommandSpec = {
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
      .option("--floor <profit>", "least profit a cycle of the honest mid-tier miner", finiteNumber, 0)
      .action((options: Options) => {
        checkSavable(options.json);
        const points = sweep(scenarioFrom(options), options.sweep, options);
        const judged = points
          .map((point) => ({ ...point, ...judge(point, options.floor) }))
          .sort((a, b) => Number(a.unfit !== null) - Number(b.unfit !== null) || costOf(a) - costOf(b));
        const names = options.sweep.map(({ path }) => path);
        console.log(
          table([
            [...names, "emission per nat", "mid-tier profit", "best attack", "identity price", "Gini", "unfit"],
            ...judged.map(({ setting, measures, worstAttack, price, unfit }) => [
              ...names.map((name) => String(setting[name])),
              figure(measures.costOfLossReduction),
              figure(measures.midTierProfit),
              worstAttack === null ? "none" : figure(worstAttack),
              figure(price),
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

/** What comes last has a cost that is finite still, so that two of them compare. */
const costOf = ({ measures: { costOfLossReduction } }: SweepPoint): number => costOfLossReduction ?? Number.MAX_VALUE;

/** A curve is fit to be paid when the middle lives of it, and neither cheating nor splitting does better than honest work. */
const judge = ({ scenario, measures: { attacks, midTierProfit } }: SweepPoint, floor: number) => {
  const worstAttack = attacks.length > 0 ? Math.max(...attacks.map(({ gain }) => gain)) : null;
  const price = highestPrice(scenario);
  const unfit =
    midTierProfit < floor
      ? "starves the middle"
      : worstAttack !== null && worstAttack > 0
        ? "pays a cheater"
        : price > scenario.economy.identityCost
          ? "splitting pays"
          : null;
  return { worstAttack, price, unfit };
};
