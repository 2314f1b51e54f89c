import { binomialAtLeast, binomialBelow } from "./binomial.js";

/** A test of one sample: `size` items are checked, and the host is rejected at `reject` mismatches or more. */
export interface FixedTest {
  /** Probability of a mismatch per item of an honest host. */
  readonly honest: number;
  /** Share of false items that is to be found. */
  readonly cheat: number;
  readonly size: number;
  readonly reject: number;
}

/** A test and its error rates. */
export interface RatedTest extends FixedTest {
  /** Probability that an honest host is rejected: P(X ≥ reject) of a binomial(size, honest). */
  readonly alpha: number;
  /** Probability that a cheat is not: P(X < reject) of a binomial(size, cheat). */
  readonly beta: number;
}

/** The error rates of a test. Items are drawn without replacement, so a finite proof is judged no worse than this. */
export const rate = (test: FixedTest): RatedTest => ({
  ...test,
  alpha: binomialAtLeast(test.reject, test.size, test.honest),
  beta: binomialBelow(test.reject, test.size, test.cheat),
});

/** The tests of the classes of work. All find their share of cheating with 99 %. */
export const FIXED_TESTS = {
  /** Integer network, any devices: what is left are faults of memory and transport. */
  exact: rate({ honest: 1e-6, cheat: 0.01, size: 459, reject: 1 }),
  /** The same with fewer items, for what costs more to check. */
  exactQuick: rate({ honest: 1e-6, cheat: 0.05, size: 90, reject: 1 }),
  /** Float network within one class of devices. */
  floatSameClass: rate({ honest: 1e-4, cheat: 0.02, size: 418, reject: 3 }),
  /** Float network, float32 against float16. */
  floatMixed: rate({ honest: 1e-3, cheat: 0.05, size: 198, reject: 4 }),
  /** Log-probabilities of a served model. */
  logProbability: rate({ honest: 5e-3, cheat: 0.05, size: 344, reject: 9 }),
} as const satisfies Readonly<Record<string, RatedTest>>;

/** Whether a sample of this test rejects its host. */
export const isRejected = (test: FixedTest, mismatches: number): boolean => mismatches >= test.reject;
