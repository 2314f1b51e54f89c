import { BlockZeroError, reasonOf } from "#shared/errors.js";

/**
 * Runs what asks a service, and makes what it throws a coded error. A service may repeat what it was sent: secrets are cut out, and its own
 * error, which may hold headers, is not kept as the cause.
 */
export const remoteAttempts = (name: string, secrets: readonly (string | undefined)[]) => {
  const redact = (text: string): string =>
    secrets.reduce<string>((rest, secret) => (secret ? rest.replaceAll(secret, "***") : rest), text);
  return async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof BlockZeroError) throw thrown;
      throw new BlockZeroError(
        "STORE_FAILED",
        `${name}: ${redact(reasonOf(thrown)).slice(0, 500)}`,
        "check the store setting, its credentials in the environment, and the service",
      );
    }
  };
};

/** The variable's value. @throws BlockZeroError STORE_CREDENTIALS_MISSING */
export const credential = (env: Readonly<Record<string, string | undefined>>, name: string): string => {
  const value = env[name]?.trim();
  if (value) return value;
  throw new BlockZeroError(
    "STORE_CREDENTIALS_MISSING",
    `the store needs ${name}`,
    `put ${name} into the environment or .env, never into a configuration file`,
  );
};
