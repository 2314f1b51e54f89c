import { decodeAddress, sr25519Verify } from "@polkadot/util-crypto";
import { SS58_PREFIX } from "./signer.js";

/** Whether an address (SS58, prefix 42) signed a message with sr25519. False, never an exception, for what is malformed. */
export const verify = (message: Uint8Array, signature: Uint8Array, address: string): boolean => {
  try {
    return sr25519Verify(message, signature, decodeAddress(address, false, SS58_PREFIX));
  } catch {
    return false;
  }
};
