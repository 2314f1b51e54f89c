import { ENVIRONMENT_NAMES } from "#shared/config/environment-names.js";
import type { BlockZeroError } from "#shared/errors/error.js";

/** Values that say nothing of where a word of a message comes from. */
const COMMON = /^(.{0,2}|true|false|[\d.]+)$/;
const SECRET = /PASSWORD|MNEMONIC/;

/**
 * The variables whose values a fault's message names, without the values: where a shell still has them, a file that says otherwise is not what was
 * taken. Empty where there are none, or the fault names them itself.
 */
export const environmentOrigins = (
  { message, hint }: Pick<BlockZeroError, "message" | "hint">,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] =>
  ENVIRONMENT_NAMES.filter((name) => {
    const value = env[name]?.trim() ?? "";
    if (COMMON.test(value) || SECRET.test(name) || `${message} ${hint}`.includes(name)) return false;
    return holdsWord(message, value);
  });

const holdsWord = (text: string, word: string): boolean => {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (!isLetter(text[at - 1]) && !isLetter(text[at + word.length])) return true;
  return false;
};

const isLetter = (character: string | undefined): boolean =>
  character !== undefined && /[\p{L}\p{N}_-]/u.test(character);
