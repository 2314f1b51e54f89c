import { type Command, Option } from "commander";
import { BlockZeroError } from "#shared/errors/error.js";

/** Flags by which one may try to pass a secret, and what to do instead. */
const FLAGS: Readonly<Record<string, string>> = {
  "--mnemonic <words...>": "import asks for it, or reads it from standard input or BLOCKZERO_WALLET_MNEMONIC",
  "--seed <hex>": "import takes the mnemonic alone, at its prompt or from standard input",
  "--password <text>": "it is asked for, or stands in BLOCKZERO_WALLET_PASSWORD",
};

/**
 * Refuses secrets on a command line, which every process of the machine can read. `BlockZeroError` SECRET_IN_ARGUMENTS
 * quotes none of it.
 */
export const refuseSecretArguments = (command: Command): Command => {
  for (const [flags, instead] of Object.entries(FLAGS)) {
    const name = flags.split(" ")[0]!;
    command.addOption(
      new Option(flags).hideHelp().argParser(() => {
        throw refusal(`${name} would show a secret to every process of this machine`, instead);
      }),
    );
  }
  return command;
};

/** The fault of words that follow a command which takes none. */
export const refuseWords = (): never => {
  throw refusal(
    "a secret must not be an argument, which every process of this machine can read",
    FLAGS["--mnemonic <words...>"]!,
  );
};

const refusal = (message: string, instead: string) =>
  new BlockZeroError("SECRET_IN_ARGUMENTS", message, `${instead}; clear your shell's history`);
