import { operatorPassword, type PasswordSource, terminalPrompt } from "#shared/wallet/index.js";

/** The flag and what it does. */
export const NO_PASSWORD = [
  "--no-password",
  "leave the coldkey's file unencrypted, usable by whoever gets it; otherwise its password is asked for, or taken from BLOCKZERO_WALLET_PASSWORD",
] as const;

/** The operator's password for a coldkey that is to be written; undefined where `--no-password` was given. */
export const coldkeyPassword = (flag: boolean | undefined): PasswordSource | undefined => {
  const passwords = operatorPassword({ prompt: terminalPrompt() });
  return flag === false ? undefined : passwords;
};
