import { checkKeyFolder, keyFolderOf } from "#shared/chain/writer/key-lock.js";
import { loadHotkey } from "#shared/wallet/index.js";
import { type Check, ok } from "../check.js";

/** The hotkey opens without a question, and programs can take turns with it. */
export const walletCheck: Check = {
  name: "wallet",
  deadlineMs: 20_000,
  run: async ({ config: { wallet, dry_run } }) => {
    const { address } = await loadHotkey({ path: wallet.path, name: wallet.name, hotkey: wallet.hotkey });
    const folder = keyFolderOf(wallet);
    if (!dry_run) checkKeyFolder(folder);
    return ok(`${wallet.name}/${wallet.hotkey} is ${address}; keys in use: ${folder}`);
  },
};
