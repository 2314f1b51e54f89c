import { decodeAddress } from "@polkadot/util-crypto";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { defineConfig } from "#shared/config/settings.js";
import { formatError } from "#shared/errors/error.js";
import { describeWallet, type KeyDescription, missingWallet } from "#shared/wallet/index.js";
import { walletSettings } from "../../settings.js";
import { walletJson } from "./json.js";
import { kept } from "./kept.js";

const { "wallet.name": name, "wallet.path": path } = walletSettings;
const settings = defineConfig({ "wallet.name": name, "wallet.path": path });

export const show: CommandSpec = {
  name: "show",
  description: "show a wallet's keys: addresses, public keys, and how their secrets are kept; asks for no password",
  examples: ["blockzero wallet show --wallet.name main", "blockzero wallet show --wallet.name main --json"],
  define: (command) => {
    addFlags(command, settings)
      .option(...JSON_FLAG)
      .action(async ({ json, ...options }: { readonly json?: boolean }) => {
        const { wallet } = settingsAmong(settings, options);
        const found = await describeWallet(wallet);
        if (!found) throw await missingWallet(wallet);
        if (json) return console.log(JSON.stringify(walletJson(found), undefined, 2));
        printFields({
          wallet: found.name,
          ...(found.coldkey ? fields("coldkey", found.coldkey) : { coldkey: "none" }),
        });
        for (const hotkey of found.hotkeys) {
          console.log();
          printFields(fields("hotkey", hotkey, hotkey.name));
        }
      });
  },
};

const fields = (kind: string, key: KeyDescription, name?: string): Record<string, string> => ({
  ...(name === undefined ? {} : { [kind]: name }),
  address: key.address ?? "unknown",
  ...(key.address && { "public key": `0x${Buffer.from(decodeAddress(key.address)).toString("hex")}` }),
  file: key.file,
  kept: key.fault ? formatError(key.fault) : kept(key),
});
