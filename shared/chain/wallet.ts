import { chmod, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Keyring } from "@polkadot/keyring";
import type { KeyringPair } from "@polkadot/keyring/types";
import { hexToU8a, u8aToHex } from "@polkadot/util";
import {
  cryptoWaitReady,
  decodeAddress,
  mnemonicGenerate,
  mnemonicToMiniSecret,
  mnemonicValidate,
  sr25519Verify,
} from "@polkadot/util-crypto";
import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import type { Signer } from "./chain.js";

/** Bittensor's SS58 prefix. */
const SS58_PREFIX = 42;

/** Where a hotkey lies: `<path>/<name>/hotkeys/<hotkey>`, as Bittensor's wallets have it. */
export interface WalletLocation {
  /** Default `~/.bittensor/wallets`; a leading `~` is the home folder. */
  readonly path?: string;
  readonly name: string;
  readonly hotkey: string;
}

export interface NewHotkey extends WalletLocation {
  /** 32 bytes; without it a fresh 12-word phrase is drawn. */
  readonly seed?: Uint8Array;
}

const keyfileSchema = z.object({
  ss58Address: z.string().nullish(),
  secretSeed: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/)
    .nullish(),
  secretPhrase: z
    .string()
    .refine((phrase) => mnemonicValidate(phrase))
    .nullish(),
});

/**
 * The signer in a hotkey file. Throws `BlockZeroError` WALLET_NOT_FOUND, WALLET_UNREADABLE (permissions, or an encrypted
 * file), WALLET_MALFORMED. Nothing of the secret is in any message.
 */
export const loadHotkey = async (location: WalletLocation): Promise<Signer> => {
  const file = hotkeyFile(location);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) {
      throw new BlockZeroError("WALLET_NOT_FOUND", `no hotkey at ${file}`, await suggestion(location));
    }
    throw new BlockZeroError("WALLET_UNREADABLE", `${file}: ${reasonOf(error)}`, "check the file's owner and mode");
  }
  if (text.startsWith("$NACL") || text.startsWith("$ANSIBLE_VAULT") || text.startsWith("gAAAA")) {
    throw new BlockZeroError(
      "WALLET_UNREADABLE",
      `${file} is encrypted`,
      "a program that signs unattended needs a plain hotkey",
    );
  }
  await cryptoWaitReady();
  const pair = pairOf(text);
  if (!pair) {
    throw new BlockZeroError(
      "WALLET_MALFORMED",
      `${file} is not a hotkey file`,
      "it must be JSON with a secretSeed or secretPhrase that gives its ss58Address; restore it from your backup",
    );
  }
  return signerOf(pair);
};

/**
 * Writes a new hotkey (mode 0600, folders 0700) and, where the wallet has none, its `coldkeypub.txt`, which names the
 * hotkey itself. Throws `BlockZeroError` WALLET_EXISTS rather than overwrite a key.
 */
export const createHotkey = async ({ seed, ...location }: NewHotkey): Promise<Signer> => {
  await cryptoWaitReady();
  const file = hotkeyFile(location);
  const phrase = seed ? null : mnemonicGenerate();
  const secret = seed ?? mnemonicToMiniSecret(phrase!);
  const pair = keyring().addFromSeed(secret);
  const keys = { accountId: u8aToHex(pair.publicKey), publicKey: u8aToHex(pair.publicKey), ss58Address: pair.address };
  const folder = walletFolder(location);
  const hotkeys = join(folder, "hotkeys");
  try {
    await mkdir(hotkeys, { recursive: true, mode: 0o700 });
    for (const path of [folder, hotkeys]) await chmod(path, 0o700);
    await writeNew(file, { ...keys, secretPhrase: phrase, secretSeed: u8aToHex(secret) });
  } catch (error) {
    if (hasCode(error, "EEXIST")) {
      throw new BlockZeroError(
        "WALLET_EXISTS",
        `${file} exists already`,
        "choose another hotkey name, or move the file away",
      );
    }
    throw new BlockZeroError("WALLET_UNREADABLE", `${file}: ${reasonOf(error)}`, "check the folder's owner and mode");
  }
  await writeNew(join(folder, "coldkeypub.txt"), keys).catch((error: unknown) => {
    if (!hasCode(error, "EEXIST")) throw error;
  });
  return signerOf(pair);
};

/** A signer from a Substrate secret URI such as `//Alice`: for development chains and tests. */
export const signerFromUri = async (uri: string): Promise<Signer> => {
  await cryptoWaitReady();
  return signerOf(keyring().addFromUri(uri));
};

/** Whether an address (SS58, prefix 42) signed a message with sr25519. False, never an exception, for what is malformed. */
export const verify = (message: Uint8Array, signature: Uint8Array, address: string): boolean => {
  try {
    return sr25519Verify(message, signature, decodeAddress(address, false, SS58_PREFIX));
  } catch {
    return false;
  }
};

const keyring = (): Keyring => new Keyring({ type: "sr25519", ss58Format: SS58_PREFIX });

const signerOf = (pair: KeyringPair): Signer => ({
  address: pair.address,
  publicKey: pair.publicKey,
  sign: (message) => pair.sign(message),
});

const pairOf = (text: string): KeyringPair | undefined => {
  try {
    const { ss58Address, secretSeed, secretPhrase } = keyfileSchema.parse(JSON.parse(text));
    const secret = secretSeed ? hexToU8a(secretSeed) : secretPhrase ? mnemonicToMiniSecret(secretPhrase) : undefined;
    if (!secret) return undefined;
    const pair = keyring().addFromSeed(secret);
    return !ss58Address || ss58Address === pair.address ? pair : undefined;
  } catch {
    // Parsers quote what they read, and this file holds a secret: their message goes no further.
    return undefined;
  }
};

/** The folder of wallets: `~/.bittensor/wallets` unless given; a leading `~` is the home folder. */
export const walletsFolder = (path = "~/.bittensor/wallets"): string => path.replace(/^~(?=$|[\\/])/, homedir());
const walletFolder = ({ path, name }: WalletLocation): string => join(walletsFolder(path), plainName(name));
/** The file that holds a hotkey. @throws WALLET_NAME_INVALID */
export const hotkeyFile = (location: WalletLocation): string =>
  join(walletFolder(location), "hotkeys", plainName(location.hotkey));

const plainName = (name: string): string => {
  if (/^[\w.-]+$/.test(name) && name !== "." && name !== "..") return name;
  throw new BlockZeroError(
    "WALLET_NAME_INVALID",
    `${JSON.stringify(name)} is not a wallet name`,
    "use letters, digits, . _ -",
  );
};

const suggestion = async (location: WalletLocation): Promise<string> => {
  const { path, name, hotkey } = location;
  const found = await readdir(join(walletFolder(location), "hotkeys")).catch(() => []);
  return found.length > 0
    ? `wallet ${name} has the hotkeys ${found.sort().slice(0, 16).join(", ")}`
    : `create it: blockzero wallet create --wallet.name ${name} --wallet.hotkey ${hotkey}${path ? ` --wallet.path ${path}` : ""}`;
};

/** All of the file or none of it, and never over an existing one. */
const writeNew = async (file: string, content: unknown): Promise<void> => {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(JSON.stringify(content));
    await handle.sync();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
};

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
