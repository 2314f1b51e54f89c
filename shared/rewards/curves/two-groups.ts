import { leadersAndRest, type RewardCurve } from "./curve.js";

export interface TwoGroups {
  /** Number of miners in the first group. */
  readonly leaders: number;
  /** Share of the first group, divided equally. The other miners divide the remainder equally. */
  readonly share: number;
}

/** Two levels of pay, for example 98/2. Pay jumps where the first group ends. */
export const twoGroups = ({ leaders, share }: TwoGroups): RewardCurve => {
  return (scores) =>
    leadersAndRest(
      scores.map((score) => (score > 0 ? 1 : 0)),
      leaders,
      1 - share,
    );
};
