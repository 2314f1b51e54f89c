import { leadersAndRest, type RewardCurve } from "./curve.js";

export interface TwoGroups {
  /** Number of miners in the first group. */
  readonly leaders: number;
  /** Share of the first group, divided equally. The other miners divide the remainder equally. */
  readonly share: number;
}

/** Two levels of pay, for example 98/2. Pay jumps where the first group ends. */
export const twoGroups = ({ leaders, share }: TwoGroups): RewardCurve => {
  const partOf = () => 1;
  return (scores, independence) =>
    leadersAndRest(scores, independence, { leaders: { end: leaders, partOf }, partBehind: partOf, rest: 1 - share });
};
