import { highestPrice } from "./identity-price.js";
import { type Measures, measure } from "./measures.js";
import type { Scenario } from "./scenario.js";
import { type Simulation, simulate } from "./simulate.js";

/** Points along a line chart at most. */
const MOST_POINTS = 120;

/** What is shown of one run; as JSON it comes back as it was. */
export interface Picture {
  readonly cycles: number;
  readonly measures: Measures;
  /** What an identity must cost lest splitting pays, in the unit of the emission. */
  readonly price: number;
  /** Mean income of a miner in equal stretches of cycles: the first cycle of each, and a row for each kind. */
  readonly series: { readonly from: readonly number[]; readonly income: readonly (readonly number[])[] };
}

export const pictureOf = (
  scenario: Scenario,
  { cycles, seed }: { readonly cycles: number; readonly seed: number },
): Picture => {
  const simulation = simulate({ ...scenario, cycles, seed });
  const measures = measure(simulation, { emission: scenario.economy.emission, cycles });
  return { cycles, measures, price: highestPrice(scenario), series: seriesOf(simulation, measures) };
};

const seriesOf = ({ incomeByKind }: Simulation, { kinds }: Measures): Picture["series"] => {
  const step = Math.max(1, Math.ceil(incomeByKind.length / MOST_POINTS));
  const from = Array.from({ length: Math.ceil(incomeByKind.length / step) }, (_, i) => i * step);
  const income = kinds.map(({ miners }, kind) =>
    from.map((first) => {
      const rows = incomeByKind.slice(first, first + step);
      return rows.reduce((sum, row) => sum + row[kind]!, 0) / rows.length / miners;
    }),
  );
  return { from, income };
};
