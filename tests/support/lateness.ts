import type { ErrorCode } from "#shared/errors/error.js";

/**
 * Codes of log lines that tell of a program that was slower than the blocks, or that began after a window had opened. Where blocks come by a
 * clock, no test may demand that there is none: that would be a statement about the machine.
 */
const LATE: readonly ErrorCode[] = ["DUTY_OVERDUE", "EVALUATION_SHORT", "WINDOW_MISSED", "WITNESS_SHORT"];

/** Codes of what a program lacks because it or another one was late. */
const LACKING: readonly ErrorCode[] = ["MERGE_ABSTAINED", "MODEL_MISSING", "REPORT_MISSING", "UPDATE_MISSING"];

/** What a miner says of it. */
const MESSAGES = ["too late for this cycle", "no report that counts says anything of us", "score unknown"];
const REASONS = ["no_commit", "no_reveal", "unreachable"];

/** Of a log's pretty lines as well as of those in JSON. */
const PATTERN = new RegExp(
  `\\bcode"?[=:]"?(${[...LATE, ...LACKING].join("|")})\\b|\\breason"?[=:]"?(${REASONS.join("|")})\\b|${MESSAGES.join("|")}`,
);

/** Lines of a log that tell of lateness. */
export const lateLines = (log: string): readonly string[] => log.split("\n").filter((line) => PATTERN.test(line));

/** Pretty lines of a log that tell of a fault other than lateness. */
export const faultLines = (log: string): readonly string[] =>
  log.split("\n").filter((line) => line.includes("✖") && !PATTERN.test(line));
