import { randomBytes } from "node:crypto";
import { vrf } from "@scure/sr25519";

const NO_EXTRA = new Uint8Array();

/**
 * Schnorrkel's VRF: the output depends on key, context and message alone, the proof also on random numbers. The library wipes the second half
 * of the key that it is given, so it gets a copy.
 *
 * @param secretKey 64 bytes, in the form that polkadot.js signs with
 * @returns 96 bytes: the output, a ristretto255 point of 32, then the proof, two scalars of 32
 */
export const signVrf = (secretKey: Uint8Array, message: Uint8Array, context: string): Uint8Array => {
  const copy = Uint8Array.from(secretKey);
  try {
    return vrf.sign(message, copy, Buffer.from(context), NO_EXTRA, (bytes) => randomBytes(bytes));
  } finally {
    copy.fill(0);
  }
};
