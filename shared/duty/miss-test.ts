/**
 * Wald's sequential test of whether a verifier misses 1 % of its duty or 10 %, with a false alarm in 10,000 and 1 % unseen. Log-likelihoods in
 * millionths of a nat, so that everybody adds the same: ln(0.10 / 0.01), ln(0.90 / 0.99), ln(0.99 / 0.0001), ln(0.01 / 0.9999).
 */
export const MISS_TEST = {
  missed: 2_302_585,
  done: -95_310,
  rejectAt: 9_200_290,
  acceptAt: -4_605_070,
} as const;

/** The state of a verifier's test. A new one begins at 0 after each decision. */
export interface MissTest {
  /** Log-likelihood ratio so far, in millionths. */
  readonly ratio: number;
  /** The last decision: whether it misses too much. False before the first. */
  readonly isNegligent: boolean;
}

export const NEW_MISS_TEST: MissTest = { ratio: 0, isNegligent: false };

/** The test after a cycle's duties: misses first, as their order is unknown. At most one decision a cycle. */
export const continueMissTest = (
  { ratio, isNegligent }: MissTest,
  { done, missed }: { readonly done: number; readonly missed: number },
): MissTest => {
  const next = ratio + missed * MISS_TEST.missed + done * MISS_TEST.done;
  if (next >= MISS_TEST.rejectAt) return { ratio: 0, isNegligent: true };
  if (next <= MISS_TEST.acceptAt) return { ratio: 0, isNegligent: false };
  return { ratio: next, isNegligent };
};
