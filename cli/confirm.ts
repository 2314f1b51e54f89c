import { createInterface } from "node:readline/promises";
import { BlockZeroError } from "#shared/errors/error.js";

/**
 * Asks a person at the terminal whether to go on.
 * @throws CONFIRMATION_NEEDED where there is none; CANCELLED for any answer but yes
 */
export const confirm = async (question: string, signal: AbortSignal): Promise<void> => {
  if (!process.stdin.isTTY)
    throw new BlockZeroError("CONFIRMATION_NEEDED", `${question} There is nobody to ask`, "add --yes to go on");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new BlockZeroError("CANCELLED", "cancelled at the prompt", "nothing was published");
};
