import { readdir } from "node:fs/promises";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { BlockZeroError } from "#shared/errors/error.js";
import { type Encryption, encryptionOf } from "./encryption/encryption.js";
import { readPublicDocument } from "./key-document.js";
import { RESTORE, readPublicFile, readSecretFile } from "./key-file.js";
import {
  coldkeyFile,
  coldkeyPubFile,
  hotkeyFile,
  hotkeyPubFile,
  hotkeysFolder,
  isPlainName,
  PUBLIC_SUFFIX,
  type WalletLocation,
  walletsFolder,
} from "./location.js";
import { signerIn } from "./open.js";
import type { KeyKind } from "./password.js";

/** What can be told of a key without a password. */
export interface KeyDescription {
  readonly file: string;
  /** SS58; null where neither half can be read. */
  readonly address: string | null;
  /** `absent`: only the public half is here. */
  readonly encryption: Encryption | "absent";
  /** Why its secret could not be used, for what is not encrypted. */
  readonly fault?: BlockZeroError;
}

export interface WalletDescription {
  readonly name: string;
  /** Null for a wallet of hotkeys alone. */
  readonly coldkey: KeyDescription | null;
  /** Sorted by name. */
  readonly hotkeys: readonly (KeyDescription & { readonly name: string })[];
}

/** Every wallet of a folder, sorted by name; none where it cannot be read. */
export const listWallets = async (path?: string): Promise<readonly WalletDescription[]> => {
  const wallets: WalletDescription[] = [];
  for (const name of await plainNames(walletsFolder(path))) {
    const wallet = await describeWallet({ ...(path !== undefined && { path }), name });
    if (wallet) wallets.push(wallet);
  }
  return wallets;
};

/** A wallet's keys; undefined where there is none. Throws `BlockZeroError` WALLET_NAME_INVALID. */
export const describeWallet = async (location: WalletLocation): Promise<WalletDescription | undefined> => {
  const coldkey = await describeKey("coldkey", coldkeyFile(location), coldkeyPubFile(location));
  const entries = await plainNames(hotkeysFolder(location));
  const names = new Set(entries.map((entry) => entry.replace(new RegExp(`${PUBLIC_SUFFIX}$`), "")).filter(isPlainName));
  const hotkeys: (KeyDescription & { name: string })[] = [];
  for (const hotkey of names) {
    const at = { ...location, hotkey };
    const description = await describeKey("hotkey", hotkeyFile(at), hotkeyPubFile(at));
    if (description) hotkeys.push({ name: hotkey, ...description });
  }
  return coldkey || hotkeys.length > 0 ? { name: location.name, coldkey: coldkey ?? null, hotkeys } : undefined;
};

const describeKey = async (kind: KeyKind, file: string, publicFile: string): Promise<KeyDescription | undefined> => {
  let address: string | null = null;
  let encryption: KeyDescription["encryption"] = "absent";
  try {
    const text = await readPublicFile(publicFile);
    address = (text && readPublicDocument(text.toString("utf8"))) ?? null;
    const content = await readSecretFile(file);
    if (!content && !text) return undefined;
    if (text && address === null) {
      throw new BlockZeroError("WALLET_MALFORMED", `${publicFile} does not hold an address`, RESTORE);
    }
    encryption = content ? encryptionOf(content) : "absent";
    if (!content || encryption !== "none") return { file, address, encryption };
    const named = address;
    address = (await signerOfPlain(kind, file, content)).address;
    if (named === null || named === address) return { file, address, encryption };
    throw new BlockZeroError(
      "WALLET_MISMATCH",
      `${publicFile} names ${named}, ${file} holds the key of ${address}`,
      "move the one that is wrong away",
    );
  } catch (thrown) {
    if (thrown instanceof BlockZeroError) return { file, address, encryption, fault: thrown };
    throw thrown;
  }
};

const signerOfPlain = async (kind: KeyKind, file: string, content: Buffer) => {
  await cryptoWaitReady();
  return signerIn(kind, file, content);
};

const plainNames = async (folder: string): Promise<string[]> => {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter(isPlainName).sort();
};
