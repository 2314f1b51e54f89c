import { median } from "../median.js";

/** By how much what is measured may differ from the plan, and the plan from itself. */
export const TOLERANCE = 0.15;

/** A plan before something is measured, and one after it. */
export interface Turn {
  readonly before: number;
  readonly measured: number;
  readonly after: number;
}

/** Predictions of `plan`, and what was measured between them. */
export interface Compared {
  readonly what: string;
  readonly turns: readonly Turn[];
}

/** What is measured ÷ the plans around it, the median of the turns. */
export const ratioOf = ({ turns }: Compared): number =>
  median(turns.map(({ before, measured, after }) => measured / ((before + after) / 2)));

/** By how much of the least plan the greatest is above it: what a machine of steady speed does not show. */
export const variationOf = ({ turns }: Compared): number => {
  const plans = turns.flatMap(({ before, after }) => [before, after]);
  return Math.max(...plans) / Math.min(...plans) - 1;
};

/** A miss says nothing where the plan's own figures are further apart than may be missed. */
export const standing = (compared: Compared): "met" | "MISSED" | "UNSURE" => {
  if (Math.abs(ratioOf(compared) - 1) <= TOLERANCE) return "met";
  return variationOf(compared) > TOLERANCE ? "UNSURE" : "MISSED";
};
