import { Option } from "commander";
import { settingsAmong } from "#shared/cli/config-flags.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import {
  assertNewHotkey,
  createColdkey,
  createHotkey,
  describeWallet,
  hotkeyFile,
  newMnemonic,
  type PasswordSource,
  type WalletLocation,
} from "#shared/wallet/index.js";
import { printFields } from "../../print.js";
import { walletSettings } from "../../settings.js";
import { coldkeyPassword, NO_PASSWORD } from "./password.js";
import { showPhrases } from "./phrases.js";
import { refuseSecretArguments } from "./secret-arguments.js";

interface Options {
  readonly words: "12" | "24";
  readonly coldkey: boolean;
  /** False with `--no-password`, else unset. */
  readonly password?: boolean;
}

export const create: CommandSpec = {
  name: "create",
  description: "make a hotkey, and the wallet's coldkey where there is none, in the files that Bittensor's tools use",
  examples: [
    "blockzero wallet create",
    "blockzero wallet create --wallet.name main --wallet.hotkey miner-1 --words 24",
    "blockzero wallet create --no-coldkey --wallet.hotkey miner-2 --wallet.path wallets",
  ],
  define: (command) => {
    refuseSecretArguments(addFlags(command, walletSettings))
      .addOption(new Option("--words <count>", "the length of each new mnemonic").choices(["12", "24"]).default("12"))
      .option("--no-coldkey", "the hotkey alone: all that a devchain needs, or where the coldkey is kept elsewhere")
      .option(...NO_PASSWORD)
      .action(async ({ words, coldkey, password, ...options }: Options) => {
        const { wallet } = settingsAmong(walletSettings, options);
        const passwords = coldkeyPassword(password);
        await assertNewHotkey(wallet);
        const phrases: Record<string, string> = {};
        const phraseFor = (key: string) => {
          phrases[key] = newMnemonic(words === "12" ? 12 : 24);
          return phrases[key];
        };

        const fields: Record<string, string> = {};
        if (coldkey) fields.coldkey = await coldkeyOf(wallet, () => phraseFor("coldkey"), passwords);
        const { address } = await createHotkey(wallet, { phrase: phraseFor("hotkey") });
        printFields({
          ...fields,
          hotkey: `${wallet.name}/${wallet.hotkey}`,
          address,
          file: hotkeyFile(wallet),
        });
        showPhrases(phrases);
      });
  },
};

/** The wallet's coldkey, which is made where it has none. */
const coldkeyOf = async (
  location: WalletLocation,
  newPhrase: () => string,
  passwords: PasswordSource | undefined,
): Promise<string> => {
  const known = (await describeWallet(location))?.coldkey;
  if (known) return `${known.address ?? known.file} (kept as it was)`;
  const { address } = await createColdkey(location, { phrase: newPhrase() }, passwords);
  return `${address} (${passwords ? "encrypted" : "not encrypted"})`;
};
