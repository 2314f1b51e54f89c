import { leadersAndRest, type RewardCurve } from "./curve.js";

export interface TwoGroups {
  /** How many are in the first group. */
  readonly leaders: number;
  /** What the first group shares alike; the others share the remainder alike. */
  readonly share: number;
}

/** Two levels of pay, 98/2 say. It jumps where one group ends. */
export const twoGroups = ({ leaders, share }: TwoGroups): RewardCurve => {
  return (scores) =>
    leadersAndRest(
      scores.map((score) => (score > 0 ? 1 : 0)),
      leaders,
      1 - share,
    );
};
