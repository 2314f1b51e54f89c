import { u8aToHex } from "@polkadot/util";
import { z } from "zod";
import { canonicalBytes, hashJson } from "#shared/protocol/hash-json.js";
import type { Signer } from "#shared/protocol/signer.js";
import { verify } from "../../wallet/verify.js";
import { addressSchema } from "./address.js";
import { type Call, callSchema } from "./calls.js";

/** Greatest size of an extrinsic that a node accepts, in bytes of canonical JSON. */
export const EXTRINSIC_BYTES = 64 * 1024;

const payloadShape = {
  /** Hash of the genesis block: an extrinsic for one chain is invalid on another. */
  genesis: z.string().regex(/^[0-9a-f]{64}$/),
  /** Count of the signer's extrinsics before this one. */
  nonce: z.int().min(0),
  signer: addressSchema,
  call: callSchema,
};

/** What is signed. */
export const extrinsicPayloadSchema = z.strictObject(payloadShape);

export const extrinsicSchema = z.strictObject({
  ...payloadShape,
  /** sr25519 over the canonical JSON of the other fields, 128 hex digits. */
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});

export type Extrinsic = z.infer<typeof extrinsicSchema>;
export type ExtrinsicPayload = Omit<Extrinsic, "signature">;

const payloadOf = ({ signature: _, ...payload }: Extrinsic): ExtrinsicPayload => payload;

/** Identifies the request without its signature: the same request signed twice has one hash. 64 hex digits. */
export const extrinsicHash = (extrinsic: Extrinsic): string => hashJson(payloadOf(extrinsic));

export const signExtrinsic = async (genesis: string, nonce: number, call: Call, signer: Signer): Promise<Extrinsic> => {
  const payload: ExtrinsicPayload = { genesis, nonce, signer: signer.address, call };
  const signature = await signer.sign({ kind: "devchain-extrinsic", message: canonicalBytes(payload) });
  return { ...payload, signature: u8aToHex(signature, -1, false) };
};

export const isSignatureValid = (extrinsic: Extrinsic): boolean =>
  verify(canonicalBytes(payloadOf(extrinsic)), Buffer.from(extrinsic.signature, "hex"), extrinsic.signer);
