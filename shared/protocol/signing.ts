import { z } from "zod";
import { canonicalBytes } from "./hash-json.js";
import type { Signer } from "./signer.js";

/** sr25519, 64 bytes, as 128 hex digits. */
export const signatureSchema = z.string().regex(/^[0-9a-f]{128}$/, "a signature is 128 lower-case hex digits");

/** An SS58 address. The chain checks the curve point and the checksum. */
export const addressSchema = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{46,50}$/, "an address is SS58");

/** Whether `signature` (64 bytes) over `message` was made with the key of the SS58 `address`. */
export type Verify = (message: Uint8Array, signature: Uint8Array, address: string) => boolean;

/** Whether the VRF `signature` (96 bytes) of `message` was made with the key of the SS58 `address`. */
export type VerifyVrf = (message: Uint8Array, signature: Uint8Array, address: string, context: string) => boolean;

/** The document with its signature: sr25519 over the canonical JSON of everything else. Rejects as the signer does. */
export const signDocument = async <T extends object>(
  body: T,
  signer: Pick<Signer, "sign">,
): Promise<T & { signature: string }> => {
  const signature = await signer.sign({ kind: "document", message: canonicalBytes(body) });
  return { ...body, signature: Buffer.from(signature).toString("hex") };
};

/** Whether `address` signed the document. False if the verifier throws. */
export const isSignedBy = (document: { readonly signature: string }, address: string, verify: Verify): boolean => {
  const { signature, ...body } = document;
  try {
    return verify(canonicalBytes(body), Buffer.from(signature, "hex"), address);
  } catch {
    return false;
  }
};
