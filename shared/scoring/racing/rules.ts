import type { Network } from "#shared/protocol/network.js";
import type { ScoreRules } from "../proof-of-loss.js";

export interface RaceRules extends ScoreRules {
  /** Batches of a full evaluation, at least 2. */
  readonly batches: number;
  /** Places that are merged or paid. */
  readonly topN: number;
  /** Greatest number of laps. 1 evaluates everything. */
  readonly rounds: number;
  /** Miners whose bounds differ by less than this share of the larger one count as equal. */
  readonly tolerance: number;
}

/** The network file's `scoring` section in the form of the race's rules. */
export const raceRules = ({
  eval_batches,
  confidence,
  exponent,
  top_n,
  rewards,
  racing,
}: Network["scoring"]): RaceRules => ({
  batches: eval_batches,
  confidence,
  exponent,
  topN: Math.max(top_n, placesPaid(rewards)),
  rounds: racing.rounds,
  tolerance: racing.tolerance,
});

/** Number of first places that a reward curve tells apart. */
const placesPaid = (rewards: Network["scoring"]["rewards"]): number => {
  switch (rewards.curve) {
    case "top-n":
      return rewards.n;
    case "rank-points":
      return rewards.points.length;
    case "two-groups":
      return rewards.leaders;
    case "proportional":
      return 0;
  }
};
