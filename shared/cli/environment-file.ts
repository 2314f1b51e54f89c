import { readFileSync } from "node:fs";
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
  const bytes = readFile();
  if (bytes !== undefined)
    for (const [name, value] of parseEnvironment(decodeEnvironment(bytes, FILE), FILE)) process.env[name] ??= value;
  const unknown = unknownNames(Object.keys(process.env));
  if (unknown.length > 0) warn(`▲ ${UNKNOWN} ${unknown.join("; ")} → correct or remove what the environment holds`);
};

const readFile = (): Buffer | undefined => {
  try {
    return readFileSync(FILE);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw new BlockZeroError("ENV_FILE_UNREADABLE", `${FILE}: ${reasonOf(thrown)}`, "check the file's owner and mode");
  }
};
