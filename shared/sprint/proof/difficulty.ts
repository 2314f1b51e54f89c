import { MAX_DIFFICULTY, MIN_DIFFICULTY } from "#shared/protocol/sprint.js";

/** Wins that a Sprint is sized for: their number then has a relative standard deviation of 1/√400 = 5 %. */
export const EXPECTED_WINS = 400;

/**
 * The difficulty for a host that expects to evaluate so many nonces: N/400, rounded, from 8 to 900. It is declared before the seed. The wins
 * at a higher difficulty are some of those at a lower one, so a choice made after them would raise V·D. Below 8 a proof of winners shows too
 * little: of nonces that were never evaluated, one in D wins.
 *
 * @param expectedNonces a finite number of at least 0: the last Sprint's count
 */
export const nextDifficulty = (expectedNonces: number): number => {
  if (!(expectedNonces >= 0 && expectedNonces < Infinity))
    throw new RangeError(`not a number of nonces: ${expectedNonces}`);
  return Math.min(Math.max(Math.round(expectedNonces / EXPECTED_WINS), MIN_DIFFICULTY), MAX_DIFFICULTY);
};
