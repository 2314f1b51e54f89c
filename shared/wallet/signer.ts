import { Keyring } from "@polkadot/keyring";
import type { KeyringPair } from "@polkadot/keyring/types";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import type { Signer } from "#shared/protocol/signer.js";

/** Bittensor's SS58 prefix. */
export const SS58_PREFIX = 42;

export const keyring = (): Keyring => new Keyring({ type: "sr25519", ss58Format: SS58_PREFIX });

export const signerOf = (pair: KeyringPair): Signer => ({
  address: pair.address,
  publicKey: pair.publicKey,
  sign: (message) => pair.sign(message),
});

/** A signer from a Substrate secret URI such as `//Alice`: for development chains and tests. */
export const signerFromUri = async (uri: string): Promise<Signer> => {
  await cryptoWaitReady();
  return signerOf(keyring().addFromUri(uri));
};
