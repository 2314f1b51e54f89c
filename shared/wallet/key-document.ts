import type { KeyringPair } from "@polkadot/keyring/types";
import { hexToU8a, isHex, u8aToHex } from "@polkadot/util";
import {
  decodeAddress,
  keyExtractPath,
  keyFromPath,
  mnemonicToMiniSecret,
  mnemonicValidate,
  sr25519PairFromSeed,
} from "@polkadot/util-crypto";
import { z } from "zod";
import { fromHalfEd25519, publicKeyOf, SECRET_KEY_BYTES, toHalfEd25519 } from "./secret-key.js";
import { keyring, SS58_PREFIX } from "./signer.js";

/** Substrate's `MultiSignature` index, as `cryptoType` in key files of later tools has it; without one a key is of this scheme. */
const CRYPTO_SR25519 = 1;

const hexOf = (bytes: number) => z.string().refine((text) => isHex(text, bytes * 8));

const schemeSchema = z.object({ cryptoType: z.number().nullish() });

/** The JSON of a key file: what Bittensor's tools write. All is optional, for their versions differ. */
const documentSchema = z.object({
  ss58Address: z.string().nullish(),
  secretPhrase: z
    .string()
    .refine((phrase) => mnemonicValidate(phrase))
    .nullish(),
  secretSeed: hexOf(32).nullish(),
  privateKey: hexOf(SECRET_KEY_BYTES).nullish(),
});

/** What the text of a key file holds: a pair that can sign, or why it does not. */
export type ReadDocument =
  | { readonly kind: "pair"; readonly pair: KeyringPair }
  | { readonly kind: "malformed" }
  /** A key of another scheme than sr25519. */
  | { readonly kind: "foreign" };

/** The pair that a key file's text holds. Of phrase, seed and private key the first present counts, as in Bittensor's tools. */
export const readDocument = (text: string): ReadDocument => {
  try {
    const json: unknown = JSON.parse(text);
    if ((schemeSchema.parse(json).cryptoType ?? CRYPTO_SR25519) !== CRYPTO_SR25519) return { kind: "foreign" };
    const document = documentSchema.parse(json);
    const pair = pairOf(document);
    const isNamed = !document.ss58Address || document.ss58Address === pair?.address;
    return pair && isNamed ? { kind: "pair", pair } : { kind: "malformed" };
  } catch {
    // Parsers quote what they read, and this file holds a secret: their message goes no further.
    return { kind: "malformed" };
  }
};

const pairOf = ({ secretPhrase, secretSeed, privateKey }: z.infer<typeof documentSchema>): KeyringPair | undefined => {
  const seed = secretPhrase ? mnemonicToMiniSecret(secretPhrase) : secretSeed ? hexToU8a(secretSeed) : undefined;
  if (seed) return keyring().addFromSeed(seed);
  if (!privateKey) return undefined;
  const secret = hexToU8a(privateKey);
  const publicKey = publicKeyOf(secret);
  return publicKey && keyring().addFromPair({ publicKey, secretKey: toHalfEd25519(secret) });
};

/** A secret that a pair can be made of; `path` are Substrate's steps of derivation from the phrase's own key. */
export type Secret = { readonly phrase: string; readonly path?: string } | { readonly seed: Uint8Array };

export const pairFromSecret = (secret: Secret): KeyringPair =>
  "phrase" in secret && secret.path !== undefined
    ? keyring().addFromPair(derivedPair(secret.phrase, secret.path))
    : keyring().addFromSeed("phrase" in secret ? mnemonicToMiniSecret(secret.phrase) : secret.seed);

const derivedPair = (phrase: string, path: string) =>
  keyFromPath(sr25519PairFromSeed(mnemonicToMiniSecret(phrase)), keyExtractPath(path).path, "sr25519");

/** The text of a file that holds a secret. No `cryptoType`: bittensor-wallet 2.1 to 4.0 reads no file that has one as a number. */
export const secretDocument = (secret: Secret, pair: KeyringPair): string =>
  JSON.stringify({ ...publicFields(pair), ...secretFields(secret) });

/** A derived key has no phrase or seed of its own. */
const secretFields = (secret: Secret) => {
  if (!("phrase" in secret)) return { secretSeed: u8aToHex(secret.seed) };
  const { phrase, path } = secret;
  return path === undefined
    ? { secretPhrase: phrase, secretSeed: u8aToHex(mnemonicToMiniSecret(phrase)) }
    : { privateKey: u8aToHex(fromHalfEd25519(derivedPair(phrase, path).secretKey)) };
};

/** The text of a `…pub.txt`. */
export const publicDocument = (pair: KeyringPair): string => JSON.stringify(publicFields(pair));

const publicFields = ({ publicKey, address }: KeyringPair) => ({
  accountId: u8aToHex(publicKey),
  publicKey: u8aToHex(publicKey),
  ss58Address: address,
});

const publicSchema = z.object({ ss58Address: z.string() });

/** The address in a `…pub.txt`; undefined where it holds none. */
export const readPublicDocument = (text: string): string | undefined => {
  try {
    const { ss58Address } = publicSchema.parse(JSON.parse(text));
    decodeAddress(ss58Address, false, SS58_PREFIX);
    return ss58Address;
  } catch {
    return undefined;
  }
};
