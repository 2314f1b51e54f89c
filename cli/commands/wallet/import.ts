import { type Command, Option } from "commander";
import { coldkeyPassword, NO_PASSWORD } from "#owner/chain/wallet-password.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import {
  assertNewColdkey,
  assertNewHotkey,
  coldkeyFile,
  createColdkey,
  createHotkey,
  hotkeyFile,
  parseSecret,
} from "#shared/wallet/index.js";
import { walletSettings } from "../../settings.js";
import { askMnemonic } from "./mnemonic-input.js";
import { refuseSecretArguments, refuseWords } from "./secret-arguments.js";

interface Options {
  readonly key: "coldkey" | "hotkey";
  /** False with `--no-password`, else unset. */
  readonly password?: boolean;
  readonly json?: boolean;
}

export const importKey: CommandSpec = {
  name: "import",
  description:
    "make a coldkey or a hotkey from its mnemonic, or a development key from a path such as //Alice: asked for on the terminal, or else from standard input or BLOCKZERO_WALLET_MNEMONIC",
  examples: [
    "blockzero wallet import --wallet.name main",
    "blockzero wallet import --key hotkey --wallet.name main --wallet.hotkey miner-1 < words.txt",
    "echo //Alice | blockzero wallet import --no-password --wallet.name alice",
  ],
  define: (command) => {
    refuseSecretArguments(addFlags(command, walletSettings))
      // Words are let in to be refused without being quoted.
      .allowExcessArguments()
      .addOption(
        new Option("--key <kind>", "which of the wallet's keys it is")
          .choices(["coldkey", "hotkey"])
          .default("coldkey"),
      )
      .option(...NO_PASSWORD)
      .option(...JSON_FLAG)
      .action(async ({ key, password, json = false, ...options }: Options, { args }: Command) => {
        if (args.length > 0) refuseWords();
        const { wallet } = settingsAmong(walletSettings, options);
        const passwords = coldkeyPassword(password);
        await (key === "coldkey" ? assertNewColdkey(wallet) : assertNewHotkey(wallet));
        const secret = parseSecret(await askMnemonic(key));
        const isHotkey = key === "hotkey";
        const { address } = await (isHotkey ? createHotkey(wallet, secret) : createColdkey(wallet, secret, passwords));
        const name = isHotkey ? `${wallet.name}/${wallet.hotkey}` : wallet.name;
        const file = isHotkey ? hotkeyFile(wallet) : coldkeyFile(wallet);
        if (json) printJson({ key, name, address, file });
        else printFields({ [key]: name, address, file });
      });
  },
};
