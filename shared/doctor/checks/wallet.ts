import { checkKeyFolder, keyFolderOf } from "#shared/chain/writer/key-lock.js";
import { openSigner } from "#shared/signing/open-signer.js";
import { showSignerAddress } from "#shared/signing/signer-address.js";
import { type Check, ok } from "../check.js";

/** The hotkey opens without a question, or its signer answers for it, and programs can take turns with it. */
export const walletCheck: Check = {
  name: "wallet",
  deadlineMs: 20_000,
  run: async ({ config: { wallet, dry_run } }) => {
    const signer = await openSigner(wallet);
    signer.close();
    const { address } = signer;
    const folder = keyFolderOf(wallet);
    if (!dry_run) checkKeyFolder(folder);
    const by = wallet.signer === undefined ? "" : `, signed for by ${showSignerAddress(wallet.signer)}`;
    return ok(`${wallet.name}/${wallet.hotkey} is ${address}${by}; keys in use: ${folder}`);
  },
};
