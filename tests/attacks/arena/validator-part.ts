import { table } from "#shared/cli/table.js";
import type { Participation } from "#shared/replay/participation.js";
import { mean } from "#shared/util/mean.js";

/** What a validator did, as the others' reports and the chain tell, and what it got. */
export interface ValidatorPart {
  readonly name: string;
  /** Of all stake with a permit. */
  readonly stake: number;
  /** Share of all dividends after the last cycle. */
  readonly dividends: number;
  /** Shares of the cycles in which it reported in time, its report counted, and it said what it holds. */
  readonly reported: number;
  readonly counted: number;
  readonly exchanged: number;
  /** Means; null where no report of its own counted, or nothing could be compared. */
  readonly agreement: number | null;
  readonly deviation: number | null;
}

/** What is known of it after one cycle. */
export type CyclePart = Pick<ValidatorPart, "name" | "stake" | "dividends"> &
  Pick<Participation, "committed" | "counts" | "exchanged" | "agreement" | "deviation">;

/** @param cycles of one validator, at least one */
export const partOf = (cycles: readonly CyclePart[]): ValidatorPart => {
  const share = (is: (cycle: CyclePart) => boolean) => mean(cycles.map((cycle) => Number(is(cycle))));
  return {
    name: cycles[0]!.name,
    stake: mean(cycles.map(({ stake }) => stake)),
    dividends: cycles.at(-1)!.dividends,
    reported: share(({ committed }) => committed),
    counted: share(({ counts }) => counts),
    exchanged: share(({ exchanged }) => exchanged),
    agreement: meanOfKnown(cycles.map(({ agreement }) => agreement)),
    deviation: meanOfKnown(cycles.map(({ deviation }) => deviation)),
  };
};

/** Means over seeds, at least one, of the same validators in the same order. */
export const meanParts = (seeds: readonly (readonly ValidatorPart[])[]): readonly ValidatorPart[] =>
  seeds[0]!.map(({ name }, i) => {
    const of = (value: (part: ValidatorPart) => number) => mean(seeds.map((parts) => value(parts[i]!)));
    return {
      name,
      stake: of(({ stake }) => stake),
      dividends: of(({ dividends }) => dividends),
      reported: of(({ reported }) => reported),
      counted: of(({ counted }) => counted),
      exchanged: of(({ exchanged }) => exchanged),
      agreement: meanOfKnown(seeds.map((parts) => parts[i]!.agreement)),
      deviation: meanOfKnown(seeds.map((parts) => parts[i]!.deviation)),
    };
  });

export const partsTable = (
  results: readonly { readonly attack: string; readonly validators: readonly ValidatorPart[] }[],
): string =>
  table([
    ["attack", "validator", "stake", "dividends", "reported", "counted", "exchanged", "agreement", "deviation"],
    ...results.flatMap(({ attack, validators }) =>
      validators.map((part) => [
        attack,
        part.name,
        ...[part.stake, part.dividends, part.reported, part.counted, part.exchanged].map((value) => value.toFixed(3)),
        part.agreement?.toFixed(3) ?? "",
        part.deviation?.toFixed(3) ?? "",
      ]),
    ),
  ]);

const meanOfKnown = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : mean(known);
};
