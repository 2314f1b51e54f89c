/** The result of parsing untrusted bytes: the value, or one line that says what is wrong with them. Never an exception. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export const accepted = <T>(value: T): Parsed<T> => ({ ok: true, value });

export const refused = (problem: string): { readonly ok: false; readonly problem: string } => ({
  ok: false,
  problem: asciiLine(problem),
});

/** Untrusted text within a sentence: quoted, cut to 64 characters, printable ASCII only. */
export const quote = (text: string): string =>
  asciiLine(JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text));

/** Greatest length of `problem` or `detail`. */
export const MAX_DETAIL_CHARS = 200;

/** Untrusted text as one line of printable ASCII, cut to 200 characters. */
export const asciiLine = (text: string): string => text.slice(0, MAX_DETAIL_CHARS).replace(/[^\x20-\x7e]/g, "?");
