import type { Verdict } from "#shared/protocol/verdict.js";

/** Submissions of honest miners, and what became of them. */
export interface HonestWork {
  readonly submissions: number;
  /** Those that an honest validator rejected, or on whose rejection the validators agreed. */
  readonly rejected: number;
  /** Those on which an honest validator abstained, or all together; no rejected ones. */
  readonly abstained: number;
  /** Those that were agreed to be worth nothing. */
  readonly worthless: number;
}

export const NO_WORK: HonestWork = { submissions: 0, rejected: 0, abstained: 0, worthless: 0 };

/** What is said of a submission; undefined where nothing is. */
export type Opinion = { readonly verdict: Verdict; readonly score: number } | undefined;

/** @param submissions of each what was agreed, and what each honest validator said */
export const workOf = (
  submissions: readonly { readonly agreed: Opinion; readonly said: readonly Opinion[] }[],
): HonestWork => {
  const rejected = submissions.filter(({ agreed, said }) => [agreed, ...said].some(is("rejected")));
  const scored = submissions.filter(({ agreed, said }) => [agreed, ...said].every(is("scored")));
  return {
    submissions: submissions.length,
    rejected: rejected.length,
    abstained: submissions.length - rejected.length - scored.length,
    worthless: scored.filter(({ agreed }) => agreed?.score === 0).length,
  };
};

export const sumOfWork = (all: readonly HonestWork[]): HonestWork =>
  all.reduce(
    (sum, work) => ({
      submissions: sum.submissions + work.submissions,
      rejected: sum.rejected + work.rejected,
      abstained: sum.abstained + work.abstained,
      worthless: sum.worthless + work.worthless,
    }),
    NO_WORK,
  );

const is = (verdict: Verdict) => (opinion: Opinion) => opinion?.verdict === verdict;
