import { type EpochNeuron, type U16Row, yumaEpoch } from "#shared/chain/yuma/epoch.js";
import { rewardCurve } from "#shared/rewards/curves/reward-curve.js";
import { toWeights } from "#shared/rewards/weights.js";
import { inTokens, UNITS_PER_TOKEN } from "#shared/util/tokens.js";
import type { Economy } from "./economy.js";

/** Blocks from one epoch to the next: any number will do. */
const TEMPO = 100;
const U16_MAX = 65535;
const STAKE = 1000n * UNITS_PER_TOKEN;
const OWNER = 0;

/** One cycle's score of everybody, one entry an identity; null where it was not there. */
export type Scores = readonly (number | null)[];

/** What a cycle paid, and on which places. */
export interface Pay {
  /** By identity, in the unit of the emission. */
  readonly income: readonly number[];
  /** Identities, best first by the mean that decides pay. */
  readonly ranking: readonly number[];
}

/**
 * Pays cycle after cycle as validators and chain do it: mean over the window, rank, curve, u16 weights, and an epoch of Yuma with its bonds.
 * Validators agree, since they read the same reports.
 */
export const createPayroll = (economy: Economy, identities: number): ((scores: Scores) => Pay) => {
  const { window, burn, validators, emission } = economy;
  const curve = rewardCurve(economy.curve);
  const first = 1 + validators;
  const history: Scores[] = [];
  let block = TEMPO;
  let bonds: readonly U16Row[] = new Array(first + identities).fill([]);

  return (scores) => {
    history.push(scores);
    if (history.length > window) history.shift();
    const means = scores.map((_, identity) => {
      let sum = 0;
      for (const cycle of history) sum += cycle[identity] ?? 0;
      return sum / window;
    });
    const ranking = means.map((_, identity) => identity).sort((a, b) => means[b]! - means[a]! || a - b);
    const earned = curve(ranking.map((identity) => means[identity]!));
    const shares = new Map<number, number>();
    for (const [place, identity] of ranking.entries()) shares.set(first + identity, earned[place]! * (1 - burn));
    const isEarned = earned.some((share) => share > 0);
    shares.set(OWNER, isEarned ? burn : 1);
    const weights = toWeights(shares);

    block += TEMPO;
    const neurons = Array.from({ length: first + identities }, (_, uid): EpochNeuron => {
      const validates = uid >= 1 && uid < first;
      return {
        stake: validates ? STAKE : 0n,
        permit: validates,
        lastUpdate: block,
        registeredAt: 0,
        weights: validates ? weights : [],
        bonds: bonds[uid]!,
      };
    });
    const results = yumaEpoch({
      block,
      tempo: TEMPO,
      activityCutoff: TEMPO * 10,
      kappa: U16_MAX >> 1,
      bondsMovingAverage: 900_000,
      bondsPenalty: U16_MAX,
      maxValidators: validators,
      stakeThreshold: 0n,
      ownerUid: OWNER,
      emission: BigInt(Math.round(emission * Number(UNITS_PER_TOKEN))),
      neurons,
    });
    bonds = results.map((result) => result.bonds);
    return { income: results.slice(first).map(({ minerEmission }) => inTokens(minerEmission)), ranking };
  };
};
