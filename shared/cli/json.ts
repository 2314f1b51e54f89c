import { escapeObeyed } from "#shared/util/escape-obeyed.js";

/** The flag of a command that answers with one JSON object instead of lines for a person. */
export const JSON_FLAG = ["--json", "print one JSON object"] as const;

/** The same where it has amounts of tokens. */
export const JSON_AMOUNTS_FLAG = [
  "--json",
  "print one JSON object; amounts are decimal digits of the smallest unit",
] as const;

/** Prints a value as one line of JSON, big integers as strings of decimal digits. */
export const printJson = (value: object): void => console.log(jsonOf(value));

/** The text that `printJson` prints. JSON has characters as they are that a terminal obeys, and reports of others may hold them. */
export const jsonOf = (value: object): string =>
  escapeObeyed(JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner)));
