import { Keyring } from "@polkadot/keyring";
import { cryptoWaitReady, signatureVerify } from "@polkadot/util-crypto";
import type { Signer } from "#shared/protocol/signer.js";
import type { Verify } from "#shared/protocol/signing.js";

await cryptoWaitReady();
const ring = new Keyring({ type: "sr25519", ss58Format: 42 });

/** A development key, e.g. "//Alice". */
export const devSigner = (uri: string): Signer => {
  const pair = ring.createFromUri(uri);
  return { address: pair.address, publicKey: pair.publicKey, sign: (message) => pair.sign(message) };
};

export const verify: Verify = (message, signature, address) => signatureVerify(message, signature, address).isValid;
