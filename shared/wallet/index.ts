export { assertNewColdkey, assertNewHotkey, createColdkey, createHotkey } from "./create.js";
export { describeWallet, type KeyDescription, listWallets, type WalletDescription } from "./describe.js";
export type { Encryption } from "./encryption/encryption.js";
export type { Secret } from "./key-document.js";
export { readSecretFile } from "./key-file.js";
export {
  coldkeyFile,
  type HotkeyLocation,
  hotkeyFile,
  type WalletLocation,
  walletFlags,
  walletsFolder,
} from "./location.js";
export { MNEMONIC_LENGTHS, type MnemonicLength, newMnemonic, parseMnemonic } from "./mnemonic.js";
export { loadHotkey, missingWallet, openColdkey, openHotkey, readHotkeyAddress } from "./open.js";
export { fixedPassword, operatorPassword, type PasswordSource, take } from "./password.js";
export { type Prompt, terminalPrompt } from "./prompt.js";
export { parseSecret } from "./secret-text.js";
export { SS58_PREFIX, signedBytes, signerFromUri } from "./signer.js";
export { verify } from "./verify.js";
export { verifyVrf } from "./verify-vrf.js";
