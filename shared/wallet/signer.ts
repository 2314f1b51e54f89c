import { Keyring } from "@polkadot/keyring";
import type { KeyringPair } from "@polkadot/keyring/types";
import { blake2AsU8a, cryptoWaitReady } from "@polkadot/util-crypto";
import type { LocalKey, SigningRequest } from "#shared/protocol/signer.js";
import { signVrf } from "./vrf.js";

/** Bittensor's SS58 prefix. */
export const SS58_PREFIX = 42;

export const keyring = (): Keyring => new Keyring({ type: "sr25519", ss58Format: SS58_PREFIX });

export const signerOf = (pair: KeyringPair): LocalKey => ({
  address: pair.address,
  publicKey: pair.publicKey,
  sign: async (request) => pair.sign(signedBytes(request)),
  signBytes: (message) => pair.sign(message),
  vrf: (message, context) => signVrf(secretOf(pair), message, context),
});

/** Where PKCS #8, as polkadot.js writes it without a password, has the 64 bytes of the secret key. */
const SECRET_IN_PKCS8 = [16, 80] as const;

/** A copy of the secret: the pair's own `vrfSign` would wipe half of the key that it goes on to sign with. */
const secretOf = (pair: KeyringPair): Uint8Array => pair.encodePkcs8().slice(...SECRET_IN_PKCS8);

/** Substrate signs the hash of a payload that is longer than this, in bytes. */
const HASHED_ABOVE = 256;

/** The bytes that the signature of a request covers. */
export const signedBytes = ({ kind, message }: SigningRequest): Uint8Array =>
  kind === "substrate-extrinsic" && message.length > HASHED_ABOVE ? blake2AsU8a(message, 256) : message;

/** A signer from a Substrate secret URI such as `//Alice`: for development chains and tests. */
export const signerFromUri = async (uri: string): Promise<LocalKey> => {
  await cryptoWaitReady();
  return signerOf(keyring().addFromUri(uri));
};
