import { MAX_GROUPS } from "./expert-group.js";
import { MAX_STEPS } from "./network-file/outer.js";

/**
 * What one validator measured for a group's candidate steps, numbered from 1. 0 is the base, which takes no step. Null if it could not
 * measure them.
 */
export type StepVote = {
  /** The steps that are better than the base, ascending. */
  readonly better: readonly number[];
  /** The best of those, or 0 if there is none. */
  readonly best: number;
} | null;

/** What is wrong with the votes, or null. */
export const votesProblem = (votes: readonly StepVote[]): string | null => {
  if (votes.length > MAX_GROUPS) return `votes on more than ${MAX_GROUPS} groups`;
  return votes.every((vote) => vote === null || isVote(vote)) ? null : "a vote that is none";
};

const isVote = ({ better, best }: NonNullable<StepVote>): boolean =>
  better.every((step, i) => Number.isInteger(step) && step >= 1 && step <= MAX_STEPS && step > (better[i - 1] ?? 0)) &&
  (better.length === 0 ? best === 0 : better.includes(best));

const UNMEASURED = 0xfff;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * Two base64url digits per vote, the higher first. Bit k − 1 is set if step k is better than the base. Bits 8 to 11 hold the best step's
 * number. All bits are set in the vote of a validator that could not measure.
 */
export const encodeVotes = (votes: readonly StepVote[]): string =>
  votes
    .map((vote) => {
      const bits = vote ? vote.better.reduce((sum, step) => sum | (1 << (step - 1)), vote.best << 8) : UNMEASURED;
      return `${DIGITS[bits >> 6]}${DIGITS[bits & 63]}`;
    })
    .join("");

/** Null for a text that `encodeVotes` never writes. */
export const decodeVotes = (text: string): readonly StepVote[] | null => {
  if (!/^(?:[A-Za-z0-9_-]{2})*$/.test(text)) return null;
  const votes = Array.from({ length: text.length / 2 }, (_, i): StepVote => {
    const bits = (DIGITS.indexOf(text[2 * i]!) << 6) | DIGITS.indexOf(text[2 * i + 1]!);
    if (bits === UNMEASURED) return null;
    const better = Array.from({ length: MAX_STEPS }, (_, step) => step + 1).filter((step) => (bits >> (step - 1)) & 1);
    return { better, best: bits >> 8 };
  });
  return votesProblem(votes) === null ? votes : null;
};
