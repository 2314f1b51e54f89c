import { Option } from "commander";
import { coldkeyPassword, NO_PASSWORD } from "#owner/chain/wallet-password.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import {
  assertNewHotkey,
  coldkeyFile,
  createColdkey,
  createHotkey,
  describeWallet,
  type HotkeyLocation,
  hotkeyFile,
  newMnemonic,
  type PasswordSource,
} from "#shared/wallet/index.js";
import { walletSettings } from "../../settings.js";
import { phrasesShown, type ShowPhrase } from "./phrases.js";
import { refuseSecretArguments } from "./secret-arguments.js";

interface Options {
  readonly words: "12" | "24";
  readonly coldkey: boolean;
  /** False with `--no-password`, else unset. */
  readonly password?: boolean;
  readonly json?: boolean;
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
      .option(...JSON_FLAG)
      .action(async ({ words, coldkey, password, json = false, ...options }: Options) => {
        const { wallet } = settingsAmong(walletSettings, options);
        const passwords = coldkeyPassword(password);
        const newPhrase = () => newMnemonic(words === "12" ? 12 : 24);
        const keys = await createKeys(wallet, { coldkey, newPhrase, passwords }, phrasesShown());
        const [name, file] = [`${wallet.name}/${wallet.hotkey}`, hotkeyFile(wallet)];
        const { coldkey: cold, address } = keys;
        if (json) printJson({ coldkey: cold, hotkey: { name, address, file } });
        else printFields({ ...(cold && { coldkey: inWords(cold) }), hotkey: name, address, file });
      });
  },
};

interface Coldkey {
  /** Null where the file that was there does not tell it. */
  readonly address: string | null;
  readonly file: string;
  readonly created: boolean;
  readonly encrypted: boolean;
}

interface NewKeys {
  /** Whether there is to be a coldkey. */
  readonly coldkey: boolean;
  readonly newPhrase: () => string;
  /** Encrypts a new coldkey; undefined leaves it plain. */
  readonly passwords: PasswordSource | undefined;
}

/**
 * Makes a hotkey, and the wallet's coldkey where it has none. Each mnemonic is shown as soon as its key is there:
 * whatever becomes of the next one, it is not shown later.
 *
 * @throws what `createHotkey` and `createColdkey` throw
 */
export const createKeys = async (
  location: HotkeyLocation,
  { coldkey, newPhrase, passwords }: NewKeys,
  show: ShowPhrase,
): Promise<{ readonly coldkey: Coldkey | null; readonly address: string }> => {
  await assertNewHotkey(location);
  const made = async (key: "coldkey" | "hotkey"): Promise<string> => {
    const phrase = newPhrase();
    const { address } = await (key === "hotkey"
      ? createHotkey(location, { phrase })
      : createColdkey(location, { phrase }, passwords));
    show(key, phrase);
    return address;
  };
  const cold = async (): Promise<Coldkey> => {
    const known = (await describeWallet(location))?.coldkey;
    if (known) {
      const { address, file, encryption } = known;
      return { address, file, created: false, encrypted: encryption !== "none" };
    }
    const address = await made("coldkey");
    return { address, file: coldkeyFile(location), created: true, encrypted: passwords !== undefined };
  };
  return { coldkey: coldkey ? await cold() : null, address: await made("hotkey") };
};

const inWords = ({ address, file, created, encrypted }: Coldkey): string =>
  `${address ?? file} (${created ? (encrypted ? "encrypted" : "not encrypted") : "kept as it was"})`;
