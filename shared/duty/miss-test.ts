import { type Sprt, sprtSteps } from "#shared/util/sprt-steps.js";

/** Whether a verifier misses 1 % of its duty or 10 %: an event is a missed duty. A false alarm in 10,000, and 1 % unseen. */
export const MISS_TEST: Sprt = { honest: 0.01, cheat: 0.1, alpha: 1e-4, beta: 0.01 };

const { event, none, bad, good } = sprtSteps(MISS_TEST);

/** The state of a verifier's test. A new one begins at 0 after each decision. */
export interface MissTest {
  /** Log-likelihood ratio so far, in millionths of a nat. */
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
  const next = ratio + missed * event + done * none;
  if (next >= bad) return { ratio: 0, isNegligent: true };
  if (next <= good) return { ratio: 0, isNegligent: false };
  return { ratio: next, isNegligent };
};
