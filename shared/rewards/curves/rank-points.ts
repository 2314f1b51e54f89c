import { normalise, partAlong, type RewardCurve, stretchesOf } from "./curve.js";

export interface RankPoints {
  /** Points by place, first to last, never increasing: 25, 18, 15, … as in motor racing. Later places earn none. */
  readonly points: readonly number[];
}

/** Pay in proportion to points by place. It jumps at ties. */
export const rankPoints = ({ points }: RankPoints): RewardCurve => {
  const places = { end: points.length, partOf: (place: number) => points[place]! };
  return (scores, independence) =>
    normalise(stretchesOf(scores, independence).map((stretch) => partAlong(stretch, places)));
};
