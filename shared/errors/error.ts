import type { ErrorCode } from "./registry.js";

export type { ErrorCode };

/** A fault the program expects: it has a code, one line for a person, and what to do next. It never shows a stack. */
export class BlockZeroError extends Error {
  override readonly name = "BlockZeroError";

  /**
   * @param code    stable, in the registry `shared/errors/`; tools match on it, docs/errors.md explains it
   * @param message what is wrong, one line, with the offending value
   * @param hint    what the reader can do about it, one line
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Whether a program's own fault of one of these codes was thrown. */
export const hasCode = (thrown: unknown, ...codes: readonly ErrorCode[]): thrown is BlockZeroError =>
  thrown instanceof BlockZeroError && codes.includes(thrown.code);

/** The one line an expected fault prints: `✖ CODE message → hint`. */
export const formatError = (error: BlockZeroError): string =>
  `✖ ${error.code} ${oneLine(shown(error.message))} → ${oneLine(shown(error.hint))}`;

/** The message of anything thrown, on one line and no longer than a reader can use: for logs, and for wrapping a library's error. */
export const reasonOf = (thrown: unknown): string =>
  oneLine(shown(thrown instanceof Error ? thrown.message || thrown.name : String(thrown)));

/** UTF-16 units of a message that are looked at: whoever caused it may have written megabytes of it. */
const MOST_SHOWN = 8192;

/** Cut between two words where one ends near there: half a URL would not be known by its secret any more. */
const shown = (text: string): string => {
  if (text.length <= MOST_SHOWN) return text;
  const space = text.lastIndexOf(" ", MOST_SHOWN);
  return `${text.slice(0, space > MOST_SHOWN / 2 ? space : MOST_SHOWN)}… (${text.length} characters)`;
};

/** Control characters, which could move a terminal's cursor or clear it, and those that change a line's direction. */
const UNPRINTABLE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]+/u;

/**
 * A text for one line of a terminal, whoever wrote it: a space in place of what is unprintable and the white space around it. Takes time in
 * proportion.
 */
export const oneLine = (text: string): string =>
  text
    .split(UNPRINTABLE)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .join(" ");
