import { access, rm } from "node:fs/promises";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import type { LocalKey } from "#shared/protocol/signer.js";
import { sealNacl } from "./encryption/nacl.js";
import { pairFromSecret, publicDocument, type Secret, secretDocument } from "./key-document.js";
import { existing, writeNewFile } from "./key-file.js";
import {
  coldkeyFile,
  coldkeyPubFile,
  type HotkeyLocation,
  hotkeyFile,
  hotkeyPubFile,
  type WalletLocation,
} from "./location.js";
import type { KeyKind, PasswordSource } from "./password.js";
import { signerOf } from "./signer.js";

/**
 * Writes a hotkey, plain, and its public half, both or none. Throws `BlockZeroError` WALLET_EXISTS rather than replace
 * either, WALLET_NAME_INVALID, WALLET_UNWRITABLE.
 */
export const createHotkey = async (location: HotkeyLocation, secret: Secret): Promise<LocalKey> =>
  createKey("hotkey", { secretFile: hotkeyFile(location), publicFile: hotkeyPubFile(location) }, secret);

/**
 * Writes a wallet's coldkey, encrypted with the source's password where there is a source, and its public half. Throws
 * what `createHotkey` does, and what the source throws.
 */
export const createColdkey = async (
  location: WalletLocation,
  secret: Secret,
  passwords?: PasswordSource,
): Promise<LocalKey> =>
  createKey("coldkey", { secretFile: coldkeyFile(location), publicFile: coldkeyPubFile(location) }, secret, passwords);

/** Throws `BlockZeroError` WALLET_EXISTS where `createHotkey` would, before anybody is asked for a secret. */
export const assertNewHotkey = (location: HotkeyLocation): Promise<void> =>
  refuseExisting([hotkeyFile(location), hotkeyPubFile(location)]);

/** Throws `BlockZeroError` WALLET_EXISTS where `createColdkey` would. */
export const assertNewColdkey = (location: WalletLocation): Promise<void> =>
  refuseExisting([coldkeyFile(location), coldkeyPubFile(location)]);

interface KeyFiles {
  readonly secretFile: string;
  readonly publicFile: string;
}

const createKey = async (
  kind: KeyKind,
  { secretFile, publicFile }: KeyFiles,
  secret: Secret,
  passwords?: PasswordSource,
): Promise<LocalKey> => {
  await refuseExisting([secretFile, publicFile]);
  await cryptoWaitReady();
  const pair = pairFromSecret(secret);
  const plain = Buffer.from(secretDocument(secret, pair));
  try {
    await writeNewFile(secretFile, passwords ? await sealed(kind, secretFile, plain, passwords) : plain);
  } finally {
    plain.fill(0);
  }
  // Last: an address whose secret was not written must not be paid to. Without it there is no key, which nobody has
  // heard of yet.
  try {
    await writeNewFile(publicFile, publicDocument(pair));
  } catch (thrown) {
    await rm(secretFile, { force: true });
    throw thrown;
  }
  return signerOf(pair);
};

const sealed = async (
  kind: KeyKind,
  file: string,
  plain: Uint8Array,
  passwords: PasswordSource,
): Promise<Uint8Array> => {
  const password = await passwords({ kind, file, isNew: true });
  try {
    return await sealNacl(plain, password);
  } finally {
    password.fill(0);
  }
};

const refuseExisting = async (files: readonly string[]): Promise<void> => {
  for (const file of files) if (await exists(file)) throw existing(file);
};

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
