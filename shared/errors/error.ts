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
  `✖ ${error.code} ${oneLine(error.message)} → ${oneLine(error.hint)}`;

/** The message of anything thrown, on one line: for logs, and for wrapping a library's error. */
export const reasonOf = (thrown: unknown): string =>
  oneLine(thrown instanceof Error ? thrown.message || thrown.name : String(thrown));

/** Control characters, which could move a terminal's cursor or clear it, and those that change a line's direction, with the white space around them. */
const UNPRINTABLE = /\s*[\p{Cc}\u2028-\u202e\u2066-\u2069]+\s*/gu;

/** A text for one line of a terminal, whoever wrote it. */
export const oneLine = (text: string): string => text.replace(UNPRINTABLE, " ").trim();
