/** Cosine of two updates' angle, by their places in one list. */
export type Cosines = (a: number, b: number) => number;

/** What two updates have in common beyond what miners of one group have in common anyway. */
export interface Kinship {
  /** Cosine of what is left of both without what all have in common: 0 for independent work. */
  readonly residual: number;
  /** The most that one of them has in common with any witness that the other one does not account for: 0 for a copy under noise. */
  readonly partial: number;
  /** How many updates that says of: with few of them chance can look like a copy. */
  readonly witnesses: number;
}

export interface Hearing {
  /** Other updates of the group, none of them a copy of either one. */
  readonly witnesses: Iterable<number>;
  /** Cosine with either one from which on a witness says something. */
  readonly related: number;
  /** The partial correlation above which a witness acquits: nobody further is then heard. */
  readonly acquits: number;
  readonly cosine: Cosines;
}

/** Of two it happens by chance that neither has anything to say for an honest pair. */
const LEAST_WITNESSES = 3;
/** Witnesses asked for the common factor: the closest ones, 120 pairs. */
const MOST_WITNESSES = 16;
/** Below it nothing is left that could be compared. */
const LEAST_REMAINDER = 1e-3;

/**
 * Whether two updates look like original and copy among the group's others. Miners that train one base on one kind of text move in much
 * the same direction, so a high cosine alone says little. Two things tell a copy:
 *
 * - *partial*: a copy under noise of its own has with a third update only what it has from the original. The partial correlation of copy and
 *   witness given the original, (cos(b,w) − cos(a,b)·cos(a,w)) / √((1 − cos²(a,b))·(1 − cos²(a,w))), is 0 for every witness; where two honest miners
 *   are compared, each other honest one has something with both. The most over all witnesses is taken, the less of both directions.
 * - *residual*: with one common factor independent updates have cosine l_a·l_b, and Spearman's triads give each loading,
 *   l_a² = cos(a,k)·cos(a,l) / cos(k,l) ("General intelligence", 1904). What is left of the cosine then is 0 for independent work, also where one update
 *   is nearly the common direction itself, as a much larger miner's is. The upper quartile over all pairs of witnesses is
 *   taken: a copy of the same original among them makes it look like the common direction.
 *
 * By the first, every witness can only acquit: whoever wants honest miners accused would have to silence all the others.
 *
 * @returns null where fewer than `LEAST_WITNESSES` bear witness, or one of them acquits
 */
export const kinshipOf = (a: number, b: number, { witnesses, related, acquits, cosine }: Hearing): Kinship | null => {
  const near = cosine(a, b);
  const heard: { readonly witness: number; readonly closeness: number }[] = [];
  let [beyondA, beyondB] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const witness of witnesses) {
    const [withA, withB] = [cosine(a, witness), cosine(b, witness)];
    const closeness = Math.max(withA, withB);
    if (closeness < related) continue;
    heard.push({ witness, closeness });
    beyondA = Math.max(beyondA, partialCorrelation(withA, near, withB));
    beyondB = Math.max(beyondB, partialCorrelation(withB, near, withA));
    if (Math.min(beyondA, beyondB) > acquits) return null;
  }
  if (heard.length < LEAST_WITNESSES) return null;
  const closest = heard.sort((k, l) => l.closeness - k.closeness).slice(0, MOST_WITNESSES);
  const residuals = closest.flatMap(({ witness: k }, i) =>
    closest.slice(i + 1).map(({ witness: l }) => {
      const sharedBy = (one: number) => Math.min(1, Math.max(0, (cosine(one, k) * cosine(one, l)) / cosine(k, l)));
      return remainder(near, sharedBy(a), sharedBy(b));
    }),
  );
  return { residual: upperQuartile(residuals), partial: Math.min(beyondA, beyondB), witnesses: heard.length };
};

const upperQuartile = (values: readonly number[]): number => [...values].sort((x, y) => y - x)[values.length >> 2]!;

/** Correlation of x and y given z. */
const partialCorrelation = (xy: number, xz: number, yz: number): number =>
  (xy - xz * yz) / Math.sqrt(Math.max((1 - xz * xz) * (1 - yz * yz), LEAST_REMAINDER ** 2));

/** Cosine of what is left of two updates of which these shares of the squares are common to all. */
const remainder = (cosine: number, ofA: number, ofB: number): number => {
  const left = (1 - ofA) * (1 - ofB);
  return left < LEAST_REMAINDER ** 2 ? 0 : (cosine - Math.sqrt(ofA * ofB)) / Math.sqrt(left);
};
