import { normalise, type RewardCurve } from "./curve.js";

export interface RankPoints {
  /** Points by place, first to last, never increasing: 25, 18, 15, … as in motor racing. Later places earn none. */
  readonly points: readonly number[];
}

/** Pay in proportion to points by place. It jumps at ties. */
export const rankPoints = ({ points }: RankPoints): RewardCurve => {
  return (scores) => normalise(scores.map((score, place) => (score > 0 ? (points[place] ?? 0) : 0)));
};
