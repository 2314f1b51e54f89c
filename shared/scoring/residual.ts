/** Cosine of two updates' angle, by their places in one list. */
export type Cosines = (a: number, b: number) => number;

/** Witnesses asked at most: 28 pairs. */
const MOST_WITNESSES = 8;
/** Who has less in common with either one says nothing about what all have in common. */
const RELATED = 0.3;
/** Witnesses that are more alike than that beyond what they have with either one may be copies of each other: they would see less in common. */
const BIASED = 0.04;
/** Below it nothing is left that could be compared. */
const LEAST_REMAINDER = 1e-3;

/**
 * Cosine of two updates without what they have in common with everybody. Miners that train one base on one kind of text move in much the
 * same direction: with one common factor, independent updates have cosine l_a·l_b, and Spearman's triads give each loading,
 * l_a² = cos(a,k)·cos(a,l) / cos(k,l), of which the median over all pairs of witnesses is taken ("General intelligence", 1904; here as a
 * partial correlation). Independent updates come out at 0, a copy far above.
 *
 * @param witnesses other updates, of which at least two must be related to both, and no closer to each other than to them
 * @returns null where too few are
 */
export const residualCosine = (a: number, b: number, witnesses: readonly number[], cosine: Cosines): number | null => {
  const related = witnesses
    .filter((other) => other !== a && other !== b && Math.min(cosine(a, other), cosine(b, other)) >= RELATED)
    .slice(0, MOST_WITNESSES);
  const pairs = related.flatMap((k, i) =>
    related
      .slice(i + 1)
      .filter((l) => {
        const nearest = Math.max(cosine(a, k), cosine(a, l), cosine(b, k), cosine(b, l));
        return cosine(k, l) >= RELATED && cosine(k, l) <= nearest + BIASED;
      })
      .map((l) => [k, l] as const),
  );
  if (pairs.length === 0) return null;
  const sharedBy = (one: number) => {
    const triads = pairs.map(([k, l]) => (cosine(one, k) * cosine(one, l)) / cosine(k, l)).sort((x, y) => x - y);
    return Math.min(1, triads[triads.length >> 1]!);
  };
  const [ofA, ofB] = [sharedBy(a), sharedBy(b)];
  const remainder = (1 - ofA) * (1 - ofB);
  return remainder < LEAST_REMAINDER ** 2 ? 0 : (cosine(a, b) - Math.sqrt(ofA * ofB)) / Math.sqrt(remainder);
};
