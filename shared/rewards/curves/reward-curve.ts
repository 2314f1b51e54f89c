import type { RewardCurve } from "./curve.js";
import { type Proportional, proportional } from "./proportional.js";
import { type RankPoints, rankPoints } from "./rank-points.js";
import { type TopN, topN } from "./top-n.js";
import { type TwoGroups, twoGroups } from "./two-groups.js";

/** A reward curve as the network file names it. */
export type CurveSettings =
  | ({ readonly curve: "top-n" } & TopN)
  | ({ readonly curve: "proportional" } & Proportional)
  | ({ readonly curve: "rank-points" } & RankPoints)
  | ({ readonly curve: "two-groups" } & TwoGroups);

export const rewardCurve = (settings: CurveSettings): RewardCurve => {
  switch (settings.curve) {
    case "top-n":
      return topN(settings);
    case "proportional":
      return proportional(settings);
    case "rank-points":
      return rankPoints(settings);
    case "two-groups":
      return twoGroups(settings);
  }
};
