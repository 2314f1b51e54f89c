import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createHotkey, hotkeyFile, loadHotkey, walletsFolder } from "#shared/chain/index.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { BlockZeroError } from "#shared/errors.js";
import { printFields } from "../print.js";
import { walletSettings, walletsSettings } from "../settings.js";

const create: CommandSpec = {
  name: "create",
  description: "make a hotkey in Bittensor's wallet layout; its secret is written to a file and never shown",
  examples: [
    "blockzero wallet create",
    "blockzero wallet create --wallet.name main --wallet.hotkey miner-1 --wallet.path wallets",
  ],
  define: (command) => {
    addFlags(command, walletSettings).action(async (options: object) => {
      const { wallet } = settingsAmong(walletSettings, options);
      const { address } = await createHotkey(wallet);
      printFields({
        hotkey: `${wallet.name}/${wallet.hotkey}`,
        address,
        file: hotkeyFile(wallet),
      });
      console.log("The secret phrase stands in that file, which only you can read: keep a copy somewhere safe.");
    });
  },
};

const list: CommandSpec = {
  name: "list",
  description: "list every hotkey of the wallets folder with its address",
  examples: ["blockzero wallet list"],
  define: (command) => {
    addFlags(command, walletsSettings).action(async (options: object) => {
      const { path } = settingsAmong(walletsSettings, options).wallet;
      const hotkeys: Record<string, string> = {};
      for (const name of await entries(walletsFolder(path)))
        for (const hotkey of await entries(join(walletsFolder(path), name, "hotkeys")))
          hotkeys[`${name}/${hotkey}`] = await addressOrFault({ path, name, hotkey });
      if (Object.keys(hotkeys).length > 0) printFields(hotkeys);
      else console.log(`no hotkey in ${walletsFolder(path)}`);
    });
  },
};

const show: CommandSpec = {
  name: "show",
  description: "show a hotkey's address and public key",
  examples: ["blockzero wallet show --wallet.name main --wallet.hotkey miner-1"],
  define: (command) => {
    addFlags(command, walletSettings).action(async (options: object) => {
      const { wallet } = settingsAmong(walletSettings, options);
      const { address, publicKey } = await loadHotkey(wallet);
      printFields({
        hotkey: `${wallet.name}/${wallet.hotkey}`,
        address,
        "public key": `0x${Buffer.from(publicKey).toString("hex")}`,
        file: hotkeyFile(wallet),
      });
    });
  },
};

export const wallet: CommandGroup = {
  name: "wallet",
  description: "make and look at hotkeys",
  commands: [create, list, show],
};

/** Names that may be wallets or hotkeys, sorted; none where the folder cannot be read. */
const entries = async (folder: string): Promise<string[]> => {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => /^\w[\w.-]*$/.test(name) && !name.endsWith("pub.txt")).sort();
};

const addressOrFault = async (location: Parameters<typeof loadHotkey>[0]): Promise<string> => {
  try {
    return (await loadHotkey(location)).address;
  } catch (thrown) {
    if (thrown instanceof BlockZeroError) return `✖ ${thrown.code}`;
    throw thrown;
  }
};
