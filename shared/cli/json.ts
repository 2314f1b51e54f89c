/** The flag of a command that answers with one JSON object instead of lines for a person. */
export const JSON_FLAG = ["--json", "print one JSON object"] as const;

/** The same where it has amounts of tokens. */
export const JSON_AMOUNTS_FLAG = [
  "--json",
  "print one JSON object; amounts are decimal digits of the smallest unit",
] as const;

/** Prints a value as one line of JSON, big integers as strings of decimal digits. */
export const printJson = (value: object): void => console.log(jsonOf(value));

/** What JSON has as it is and a terminal obeys: control characters from DEL on, and those that change a line's direction. Reports of others may hold them. */
const OBEYED = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** The text that `printJson` prints. */
export const jsonOf = (value: object): string =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner)).replace(
    OBEYED,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
