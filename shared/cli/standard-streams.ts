import { BlockZeroError, formatError, reasonOf } from "#shared/errors/error.js";

/**
 * Keeps a full disk or a reader that is gone from ending the program: what standard error does not take is lost. A part of the answer that
 * standard output does not take is told on standard error, once; a reader that has seen enough, as `| head` has, is no fault.
 *
 * @param onLostAnswer called once
 */
export const guardStandardStreams = (onLostAnswer: () => void): void => {
  process.stderr.on("error", () => {});
  let isLost = false;
  process.stdout.on("error", (error: Error) => {
    if (isLost || ("code" in error && error.code === "EPIPE")) return;
    isLost = true;
    onLostAnswer();
    console.error(
      formatError(
        new BlockZeroError(
          "OUTPUT_UNWRITABLE",
          `the answer cannot be written to standard output: ${reasonOf(error)}`,
          "free space, or send it elsewhere",
        ),
      ),
    );
  });
};
