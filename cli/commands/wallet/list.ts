import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG } from "#shared/cli/json.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { type KeyDescription, listWallets, type WalletDescription, walletsFolder } from "#shared/wallet/index.js";
import { walletsSettings } from "../../settings.js";
import { walletJson } from "./json.js";
import { kept } from "./kept.js";

export const list: CommandSpec = {
  name: "list",
  description: "list every wallet of the wallets folder as a tree: its coldkey, its hotkeys, their addresses",
  examples: ["blockzero wallet list", "blockzero wallet list --wallet.path wallets --json"],
  define: (command) => {
    addFlags(command, walletsSettings)
      .option(JSON_FLAG[0], "print one JSON array")
      .action(async ({ json, ...options }: { readonly json?: boolean }) => {
        const { path } = settingsAmong(walletsSettings, options).wallet;
        const wallets = await listWallets(path);
        if (json) console.log(JSON.stringify(wallets.map(walletJson), undefined, 2));
        else if (wallets.length === 0) console.log(`no wallet in ${walletsFolder(path)}`);
        else for (const line of [walletsFolder(path), ...tree(wallets)]) console.log(line);
      });
  },
};

const tree = (wallets: readonly WalletDescription[]): string[] => {
  const width = Math.max(
    ...wallets.flatMap(({ name, hotkeys }) => [name.length, ...hotkeys.map((h) => h.name.length + 4)]),
  );
  return wallets.flatMap(({ name, coldkey, hotkeys }, i) => {
    const [branch, trunk] = branches(i, wallets.length);
    return [
      `${branch}${name.padEnd(width)}  ${coldkey ? described(coldkey, "coldkey") : "no coldkey"}`,
      ...hotkeys.map((hotkey, j) => {
        const [twig] = branches(j, hotkeys.length);
        return `${trunk}${twig}${hotkey.name.padEnd(width - 4)}  ${described(hotkey, "hotkey")}`;
      }),
    ];
  });
};

const branches = (index: number, count: number): readonly [string, string] =>
  index === count - 1 ? ["└── ", "    "] : ["├── ", "│   "];

const described = (key: KeyDescription, kind: string): string =>
  [key.address, kind, key.fault ? `✖ ${key.fault.code}` : kept(key)].filter(Boolean).join("  ");
