import { decodeAddress } from "@polkadot/util-crypto";
import { vrf } from "@scure/sr25519";
import { SS58_PREFIX } from "./signer.js";

/** Whether an address (SS58, prefix 42) made a VRF signature of the message. False, never an exception, for what is malformed. */
export const verifyVrf = (message: Uint8Array, signature: Uint8Array, address: string, context: string): boolean => {
  try {
    return vrf.verify(message, signature, decodeAddress(address, false, SS58_PREFIX), Buffer.from(context));
  } catch {
    return false;
  }
};
