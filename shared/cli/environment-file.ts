import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

/** Reads `.env` of the current folder, if there is one, into the environment; what is set already stays. @throws ENV_FILE_UNREADABLE */
export const loadEnvironmentFile = (): void => {
  try {
    process.loadEnvFile();
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return;
    throw new BlockZeroError("ENV_FILE_UNREADABLE", `.env: ${reasonOf(thrown)}`, "check the file's owner and mode");
  }
};
