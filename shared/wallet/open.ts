import { readdir } from "node:fs/promises";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { BlockZeroError } from "#shared/errors/error.js";
import type { LocalKey } from "#shared/protocol/signer.js";
import { decrypt, encryptionOf } from "./encryption/encryption.js";
import { readDocument, readPublicDocument } from "./key-document.js";
import { RESTORE, readPublicFile, readSecretFile } from "./key-file.js";
import {
  coldkeyFile,
  type HotkeyLocation,
  hotkeyFile,
  hotkeyPubFile,
  hotkeysFolder,
  isPlainName,
  PUBLIC_SUFFIX,
  type WalletLocation,
  walletFlags,
  walletsFolder,
} from "./location.js";
import { type KeyKind, PASSWORD_VARIABLES, type PasswordSource } from "./password.js";
import { signerOf } from "./signer.js";

/**
 * A hotkey for a program that signs unattended, and so from a file that is not encrypted. Throws `BlockZeroError`
 * WALLET_NOT_FOUND, WALLET_NAME_INVALID, WALLET_MODE, WALLET_UNREADABLE, WALLET_ENCRYPTED, WALLET_MALFORMED,
 * WALLET_UNSUPPORTED. Nothing of the secret is in any message, here and below.
 */
export const loadHotkey = async (location: HotkeyLocation): Promise<LocalKey> =>
  openKey("hotkey", hotkeyFile(location), () => missingHotkey(location));

/**
 * The address of a hotkey by the public half of its file: the key itself need not be here. Throws `BlockZeroError`
 * WALLET_NOT_FOUND, WALLET_NAME_INVALID, WALLET_UNREADABLE, WALLET_MALFORMED.
 */
export const readHotkeyAddress = async (location: HotkeyLocation): Promise<string> => {
  const file = hotkeyPubFile(location);
  const content = await readPublicFile(file);
  if (!content)
    throw new BlockZeroError(
      "WALLET_NOT_FOUND",
      `no public half of a hotkey at ${file}`,
      "copy it from the wallet that the signer has: it holds no secret",
    );
  const address = readPublicDocument(content.toString("utf8"));
  if (address !== undefined) return address;
  throw new BlockZeroError("WALLET_MALFORMED", `${file} does not hold an address`, RESTORE);
};

/** A hotkey whose file may be encrypted. Throws what `loadHotkey` does, WALLET_PASSWORD_WRONG, and what the source throws. */
export const openHotkey = async (location: HotkeyLocation, passwords: PasswordSource): Promise<LocalKey> =>
  openKey("hotkey", hotkeyFile(location), () => missingHotkey(location), passwords);

/** A wallet's coldkey; the source is asked only where its file is encrypted. Throws what `openHotkey` does. */
export const openColdkey = async (location: WalletLocation, passwords: PasswordSource): Promise<LocalKey> =>
  openKey("coldkey", coldkeyFile(location), () => missingWallet(location), passwords);

const openKey = async (
  kind: KeyKind,
  file: string,
  missing: () => Promise<BlockZeroError>,
  passwords?: PasswordSource,
): Promise<LocalKey> => {
  const content = await readSecretFile(file);
  if (!content) throw await missing();
  const plain = await plainText(kind, file, content, passwords);
  await cryptoWaitReady();
  return signerIn(kind, file, plain);
};

/** The signer in a key file's plain text, which is wiped. Throws `BlockZeroError` WALLET_MALFORMED, WALLET_UNSUPPORTED. */
export const signerIn = (kind: KeyKind, file: string, plain: Buffer): LocalKey => {
  const read = readDocument(plain.toString("utf8"));
  plain.fill(0);
  if (read.kind === "pair") return signerOf(read.pair);
  if (read.kind === "foreign") {
    throw new BlockZeroError("WALLET_UNSUPPORTED", `${file} does not hold an sr25519 key`, `use an sr25519 ${kind}`);
  }
  throw new BlockZeroError(
    "WALLET_MALFORMED",
    `${file} is not a ${kind} file`,
    `it must be JSON with a secretPhrase, secretSeed or privateKey that gives its ss58Address; ${RESTORE}`,
  );
};

const plainText = async (
  kind: KeyKind,
  file: string,
  content: Buffer,
  passwords: PasswordSource | undefined,
): Promise<Buffer> => {
  const encryption = encryptionOf(content);
  if (encryption === "none") return content;
  if (encryption === "fernet") {
    throw new BlockZeroError(
      "WALLET_UNSUPPORTED",
      `${file} is encrypted as Bittensor's first versions did, which no current tool opens`,
      "make it again from its mnemonic: blockzero wallet import",
    );
  }
  if (!passwords) {
    throw new BlockZeroError(
      "WALLET_ENCRYPTED",
      `${file} is encrypted`,
      "a program that signs unattended needs a plain hotkey: make one with blockzero wallet create --no-coldkey",
    );
  }
  const password = await passwords({ kind, file });
  try {
    const plain = await decrypt(encryption, content, password);
    if (plain) return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength);
  } finally {
    password.fill(0);
  }
  throw new BlockZeroError(
    "WALLET_PASSWORD_WRONG",
    `the password does not open ${file}`,
    `type it again, or correct ${PASSWORD_VARIABLES[kind]}; without it only the mnemonic helps: blockzero wallet import`,
  );
};

const missingHotkey = async (location: HotkeyLocation): Promise<BlockZeroError> => {
  const found = await names(hotkeysFolder(location), (name) => !name.endsWith(PUBLIC_SUFFIX));
  return new BlockZeroError(
    "WALLET_NOT_FOUND",
    `no hotkey at ${hotkeyFile(location)}`,
    found.length > 0
      ? `wallet ${location.name} has the hotkeys ${found.join(", ")}`
      : `create it: blockzero wallet create ${walletFlags(location)}`,
  );
};

/** The fault of a wallet, or of its coldkey, that is not there. */
export const missingWallet = async (location: WalletLocation): Promise<BlockZeroError> => {
  const found = await names(walletsFolder(location.path), (name) => name !== location.name);
  const others = found.length > 0 ? `; wallets there: ${found.join(", ")}` : "";
  return new BlockZeroError(
    "WALLET_NOT_FOUND",
    `no coldkey at ${coldkeyFile(location)}`,
    `create it: blockzero wallet create ${walletFlags(location)}${others}`,
  );
};

/** At most sixteen, sorted. */
const names = async (folder: string, isWanted: (name: string) => boolean): Promise<string[]> => {
  const found = await readdir(folder).catch((): string[] => []);
  return found
    .filter((name) => isPlainName(name) && isWanted(name))
    .sort()
    .slice(0, 16);
};
