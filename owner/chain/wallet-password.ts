import { operatorPassword, type PasswordSource, terminalPrompt } from "#shared/wallet/index.js";

/** The flag and what it does. */
export const NO_PASSWORD = [
  "--no-password",
  "leave the coldkey's file unencrypted, usable by whoever gets it; otherwise its password is asked for, or taken from BLOCKZERO_WALLET_PASSWORD",
] as const;

/** The operator's password for a coldkey that is to be written; undefined where `--no-password` was given. */
export const coldkeyPassword = (flag: boolean | undefined): PasswordSource | undefined => {
  const passwords = announced(operatorPassword({ prompt: terminalPrompt() }));
  return flag === false ? undefined : passwords;
};

/** Says, once the password is known, that what follows takes a while. */
export const announced =
  (passwords: PasswordSource, output: NodeJS.WritableStream = process.stderr): PasswordSource =>
  async (request) => {
    const password = await passwords(request);
    const work = request.isNew ? "Encrypting" : "Decrypting";
    output.write(`${work} the coldkey as Bittensor's tools do: some 10 seconds of one core, and 512 MiB of memory.\n`);
    return password;
  };
