/** What a terminal obeys rather than shows: control characters, and those that change a line's direction. */
const OBEYED = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** Text of strangers for a terminal, on one line: each such character as `\u` and four digits, which JSON reads back as the same. */
export const escapeObeyed = (text: string): string =>
  text.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
