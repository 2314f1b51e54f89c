import type { KeyDescription, WalletDescription } from "#shared/wallet/index.js";

/** A wallet as `--json` prints it. */
export const walletJson = ({ name, coldkey, hotkeys }: WalletDescription) => ({
  name,
  coldkey: coldkey && keyJson(coldkey),
  hotkeys: hotkeys.map((hotkey) => ({ name: hotkey.name, ...keyJson(hotkey) })),
});

const keyJson = ({ address, encryption, file, fault }: KeyDescription) => ({
  address,
  encryption,
  file,
  fault: fault ? { code: fault.code, message: fault.message, hint: fault.hint } : null,
});
