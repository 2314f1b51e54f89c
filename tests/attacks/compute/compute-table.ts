import { table } from "#shared/cli/table.js";
import { type ComputeResult, faultsOf, type MeasuredRate } from "./play-attacks.js";

/** The results as two tables: what attacks earn, and the rates that were measured beside those computed. */
export const computeTable = (results: readonly ComputeResult[]): string =>
  [
    table([
      ["attack on compute", "payoff", "honest", "", "stopped by"],
      ...results.map((result) => [
        result.attack,
        `${result.payoff.mean.toFixed(3)} ± ${result.payoff.halfWidth.toFixed(3)}`,
        "1",
        faultsOf(result).length === 0 ? "ok" : "HARM",
        result.stoppedBy.join(", "),
      ]),
    ]),
    table([
      ["attack on compute", "rate", "measured", "interval of 99.9 %", "computed", "of"],
      ...results.flatMap(({ attack, alpha, beta }) =>
        [["α", alpha] as const, ["β", beta] as const].flatMap(([name, rate]) =>
          rate === null ? [] : [[attack, name, ...rateRow(rate)]],
        ),
      ),
    ]),
  ].join("\n\n");

const rateRow = ({ of, events, trials, computed, low, high }: MeasuredRate): readonly string[] => [
  `${events}/${trials}`,
  `${figure(low)} to ${figure(high)}`,
  figure(computed),
  of,
];

/** Three digits that mean something. */
const figure = (value: number): string => (value === 0 || value === 1 ? String(value) : value.toPrecision(3));
