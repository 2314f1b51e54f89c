import { readFileSync } from "node:fs";
import { join } from "node:path";
import { unknownNames } from "#shared/config/environment-names.js";
import { decodeEnvironment, parseEnvironment } from "#shared/config/environment-text.js";
import { BlockZeroError, type ErrorCode, reasonOf } from "#shared/errors/error.js";

const FILE = ".env";
const UNKNOWN: ErrorCode = "ENV_NAME_UNKNOWN";

/**
 * Reads `.env` of the current folder, if there is one, into the environment; what is set already stays. Names of it and of the environment
 * that look like ours and are not are said in one line.
 *
 * @throws BlockZeroError ENV_FILE_UNREADABLE, ENV_FILE_MALFORMED
 */
export const loadEnvironment = (warn: (line: string) => void): void => {
  for (const [name, value] of Object.entries(environmentIn(""))) process.env[name] ??= value;
  const unknown = unknownNames(Object.keys(process.env));
  if (unknown.length > 0) warn(`▲ ${UNKNOWN} ${unknown.join("; ")} → correct or remove what the environment holds`);
};

/**
 * What `.env` of a folder holds: what a program that is started there will have in its environment. Nothing where there is no such file.
 *
 * @throws BlockZeroError ENV_FILE_UNREADABLE, ENV_FILE_MALFORMED
 */
export const environmentIn = (folder: string): Readonly<Record<string, string>> => {
  const file = join(folder, FILE);
  const bytes = readFile(file);
  return bytes === undefined ? {} : Object.fromEntries(parseEnvironment(decodeEnvironment(bytes, file), file));
};

const readFile = (file: string): Buffer | undefined => {
  try {
    return readFileSync(file);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw new BlockZeroError("ENV_FILE_UNREADABLE", `${file}: ${reasonOf(thrown)}`, "check the file's owner and mode");
  }
};
