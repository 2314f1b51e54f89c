import { Keyring } from "@polkadot/keyring";
import { cryptoWaitReady, signatureVerify } from "@polkadot/util-crypto";
import type { LocalKey } from "#shared/protocol/signer.js";
import type { Verify } from "#shared/protocol/signing.js";
import { signerOf } from "#shared/wallet/signer.js";

await cryptoWaitReady();
const ring = new Keyring({ type: "sr25519", ss58Format: 42 });

/** A development key, e.g. "//Alice". */
export const devSigner = (uri: string): LocalKey => {
  return signerOf(ring.createFromUri(uri));
};

export const verify: Verify = (message, signature, address) => signatureVerify(message, signature, address).isValid;
