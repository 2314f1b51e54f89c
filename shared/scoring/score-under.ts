import { power } from "./portable-math.js";

/**
 * A score as it would be under another exponent, so that those of a window add up over a change of the network file: a score is the bound to
 * the power of the exponent, so under another one it is the score to the power of their quotient.
 */
export const scoreUnder = (score: number, { from, to }: { readonly from: number; readonly to: number }): number =>
  from === to ? score : power(score, to / from);
