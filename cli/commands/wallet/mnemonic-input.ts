import { BlockZeroError } from "#shared/errors/error.js";
import { take, terminalPrompt } from "#shared/wallet/index.js";

const VARIABLE = "BLOCKZERO_WALLET_MNEMONIC";
const MAX_BYTES = 4096;

/**
 * The mnemonic as the operator gives it: in the environment, else on standard input, which is a prompt where it is a terminal.
 * Throws `BlockZeroError` MNEMONIC_NEEDED, MNEMONIC_INVALID.
 */
export const askMnemonic = async (key: string): Promise<string> => {
  const prompt = terminalPrompt();
  const text = take(process.env, VARIABLE) ?? (await (prompt ? prompt(`Mnemonic of the ${key}: `) : standardInput()));
  if (text.trim() !== "") return text;
  throw new BlockZeroError(
    "MNEMONIC_NEEDED",
    "no mnemonic was given",
    `type it at the prompt, or give it on standard input or in ${VARIABLE}`,
  );
};

const standardInput = async (): Promise<string> => {
  if (process.stdin.isTTY) return "";
  const text = Buffer.alloc(MAX_BYTES);
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    if (length + chunk.length > MAX_BYTES) {
      throw new BlockZeroError(
        "MNEMONIC_INVALID",
        `standard input has more than ${MAX_BYTES} bytes`,
        "give the words and nothing else",
      );
    }
    length += chunk.copy(text, length);
    chunk.fill(0);
  }
  const read = text.toString("utf8", 0, length);
  text.fill(0);
  return read;
};
