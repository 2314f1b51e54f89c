/** An update of more than so many times the length that the network takes is no training that went too far, but one that went nowhere. */
const MOST_LENGTH = 10;

/** Part of that length that a shortened update has: a codec rounds. */
const SPARE = 0.99;

/**
 * The part of an update that the network takes: its direction may be as good as ever where it is too long.
 *
 * @param norm the update's L2 norm
 * @param most the greatest that the network takes, in the same units
 * @returns 1 where the update is not too long, null where it is too long to be shortened, or no number
 */
export const partThatFits = (norm: number, most: number): number | null => {
  if (norm <= most) return 1;
  return norm <= MOST_LENGTH * most ? (SPARE * most) / norm : null;
};
