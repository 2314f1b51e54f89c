import type { ReasonCode, Verdict } from "#shared/protocol/verdict.js";

/** Submissions of honest miners, and what became of them. */
export interface HonestWork {
  readonly submissions: number;
  /** Those that an honest validator rejected, or on whose rejection the validators agreed. */
  readonly rejected: number;
  /** Those on which an honest validator abstained, or all together; no rejected ones. */
  readonly abstained: number;
  /** Those that were agreed to be worth nothing. */
  readonly worthless: number;
  /** Of the rejected ones and those abstained on: who did not score it, and why. */
  readonly unscored: readonly Unscored[];
}

/** What somebody says of a submission that it did not score. */
export interface Unscored {
  readonly cycle: number;
  readonly miner: string;
  /** An honest validator; `all` where it is what was agreed. */
  readonly by: string;
  /** Null where nothing is said of it. */
  readonly verdict: Verdict | null;
  readonly reason: ReasonCode | null;
  readonly detail: string | null;
}

export const NO_WORK: HonestWork = { submissions: 0, rejected: 0, abstained: 0, worthless: 0, unscored: [] };

/** What is said of a submission; undefined where nothing is. */
export type Opinion =
  | {
      readonly verdict: Verdict;
      readonly score: number;
      readonly reason: ReasonCode | null;
      readonly detail?: string | null;
    }
  | undefined;

/** What was agreed of a submission, and what each honest validator said, by name. */
export interface Judged {
  readonly miner: string;
  readonly agreed: Opinion;
  readonly said: Readonly<Record<string, Opinion>>;
}

/** @param submissions of one cycle */
export const workOf = (cycle: number, submissions: readonly Judged[]): HonestWork => {
  const opinions = submissions.map(({ agreed, said }) => [agreed, ...Object.values(said)]);
  const rejected = opinions.filter((of) => of.some(is("rejected")));
  const scored = opinions.filter((of) => of.every(is("scored")));
  return {
    submissions: submissions.length,
    rejected: rejected.length,
    abstained: submissions.length - rejected.length - scored.length,
    worthless: scored.filter(([agreed]) => agreed?.score === 0).length,
    unscored: submissions.flatMap(({ miner, agreed, said }) =>
      Object.entries({ all: agreed, ...said }).flatMap(([by, opinion]) => {
        if (opinion?.verdict === "scored") return [];
        const { verdict = null, reason = null, detail = null } = opinion ?? {};
        return [{ cycle, miner, by, verdict, reason, detail }];
      }),
    ),
  };
};

export const sumOfWork = (all: readonly HonestWork[]): HonestWork =>
  all.reduce(
    (sum, work) => ({
      submissions: sum.submissions + work.submissions,
      rejected: sum.rejected + work.rejected,
      abstained: sum.abstained + work.abstained,
      worthless: sum.worthless + work.worthless,
      unscored: [...sum.unscored, ...work.unscored],
    }),
    NO_WORK,
  );

const is = (verdict: Verdict) => (opinion: Opinion) => opinion?.verdict === verdict;
