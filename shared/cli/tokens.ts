import { InvalidArgumentError } from "commander";
import { UNITS_PER_TOKEN } from "#shared/util/tokens.js";

/** A parser of command-line amounts: `12.5` tokens are 12,500,000,000 of the smallest unit. */
export const tokens = (text: string): bigint => {
  const match = /^(\d{1,10})(?:\.(\d{1,9}))?$/.exec(text);
  const amount = match ? BigInt(match[1]!) * UNITS_PER_TOKEN + BigInt((match[2] ?? "").padEnd(9, "0")) : 0n;
  if (amount > 0n) return amount;
  throw new InvalidArgumentError("It must be an amount of tokens above zero, with at most 9 decimals.");
};

/** Tokens as a person writes them. */
export const formatTokens = (amount: bigint): string => {
  const rest = (amount % UNITS_PER_TOKEN).toString().padStart(9, "0").replace(/0+$/, "");
  return rest === "" ? `${amount / UNITS_PER_TOKEN}` : `${amount / UNITS_PER_TOKEN}.${rest}`;
};

/** The same with its unit: `2.5 tokens`, `1 token`. */
export const amountText = (amount: bigint): string =>
  `${formatTokens(amount)} ${amount === UNITS_PER_TOKEN ? "token" : "tokens"}`;
