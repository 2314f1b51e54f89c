import { InvalidArgumentError } from "commander";

/** A parser of command-line numbers: whole, from `least` to `most`. */
export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const bound = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${bound}.`);
  };

/** A parser of command-line numbers that may have a sign, a fraction and an exponent. */
export const finiteNumber = (text: string): number => finite(text, () => true, "It must be a number.");

/** The same of those that are not below zero. */
export const nonNegativeNumber = (text: string): number =>
  finite(text, (value) => value >= 0, "It must be a number of at least zero.");

/** A parser of command-line numbers above zero, whole or not. */
export const positiveNumber = (text: string): number =>
  finite(text, (value) => value > 0, "It must be a number above zero.");

/** The same of those below one. */
export const share = (text: string): number =>
  finite(text, (value) => value > 0 && value < 1, "It must be a number above zero and below one.");

/** The same of those of at most one. */
export const shareOrAll = (text: string): number =>
  finite(text, (value) => value > 0 && value <= 1, "It must be a number above zero and at most one.");

/** Decimal digits alone: `Number` reads more, such as nothing at all, Infinity and 0x10. */
const finite = (text: string, isAllowed: (value: number) => boolean, problem: string): number => {
  const value = Number(text);
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(value) && isAllowed(value)) return value;
  throw new InvalidArgumentError(problem);
};
