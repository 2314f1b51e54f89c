import { mostGainOfCopy } from "#shared/rewards/curves/copying.js";
import { rewardCurve } from "#shared/rewards/curves/reward-curve.js";
import { identityCostFor, mostGainOf } from "#shared/rewards/curves/splitting.js";
import type { Economy } from "./economy.js";
import type { MinerKind } from "./population.js";
import type { Scenario } from "./scenario.js";

/** Identities that one miner's work is divided among at most. */
const MOST_IDENTITIES = 8;
/** Share of the pool below which a gain is what float64 leaves of two sums that are equal. */
const ROUNDING = 1e-12;

/** What an identity must cost a cycle so that splitting one's work never pays, in the unit of the emission. */
export interface IdentityPrice {
  readonly kind: string;
  readonly price: number;
}

/**
 * For each honest kind, what an identity must cost so that none of its miners gains by dividing its training among 2 to 8 hotkeys, the
 * others staying as they are and everybody scoring what it does on average. Miners share half of the emission.
 */
export const identityPrices = ({ economy, kinds }: Scenario): readonly IdentityPrice[] => {
  const { concavity, exponent, emission, burn } = economy;
  const honest = kinds.filter(({ behaviour }) => behaviour === "honest");
  const scoreOf = ({ skill, dataQuality, work }: MinerKind) => (skill * dataQuality * work ** concavity) ** exponent;
  return honest.map((kind) => {
    const field = honest.flatMap((other) =>
      new Array<number>(other.count - (other === kind ? 1 : 0)).fill(scoreOf(other)),
    );
    const gain = identityCostFor(
      { curve: rewardCurve(economy.curve), field, score: scoreOf(kind), concavity: concavity * exponent },
      MOST_IDENTITIES,
    );
    return { kind: kind.name, price: gain > ROUNDING ? (gain * emission * (1 - burn)) / 2 : 0 };
  });
};

/** What the kind needs that gains most by splitting; 0 where none does. */
export const highestPrice = (scenario: Scenario): number =>
  Math.max(0, ...identityPrices(scenario).map(({ price }) => price));

/**
 * What an identity must cost so that copies of another's work, let alone of one's own, gain nothing on average, whoever else mines, in
 * the unit of the emission; null where that depends on them.
 */
export const copyPriceInAnyField = ({ curve, duplicateRecall, emission, burn }: Economy): number | null =>
  curve.curve === "proportional"
    ? (mostGainOfCopy({ isOwn: false, recall: duplicateRecall }) * emission * (1 - burn)) / 2
    : null;

/** Whether no miner could ever gain by splitting, whoever else mines; null where that depends on them, as with all pay by places. */
export const isSafeInAnyField = ({ curve, concavity, exponent }: Economy): boolean | null =>
  curve.curve === "proportional" ? mostGainOf(curve.exponent, concavity * exponent, MOST_IDENTITIES) <= ROUNDING : null;
