import { z } from "zod";
import { DUTY_MESSAGE_BYTES, type Purpose, type SigningRequest } from "#shared/protocol/signer.js";
import { addressSchema, signatureSchema } from "#shared/protocol/signing.js";

/**
 * How programs and their signer talk, over HTTP/1.1. `GET /v1/key` tells whose key it is. `POST /v1/sign` has the bytes to sign as its body,
 * the kind in a header, and of an extrinsic what it is for in another. Over TCP each carries `Authorization: Bearer <token>`.
 */
export const KEY_PATH = "/v1/key";
export const SIGN_PATH = "/v1/sign";
export const KIND_HEADER = "x-blockzero-kind";
export const PURPOSE_HEADER = "x-blockzero-purpose";

/** A signature, or a draw of duty. */
export type AskedKind = SigningRequest["kind"] | "draw";

/** What can be asked for, and how many bytes of each are read at most. */
export const MAX_MESSAGE_BYTES: Readonly<Record<AskedKind, number>> = {
  "substrate-extrinsic": 64 << 10,
  "devchain-extrinsic": 64 << 10,
  document: 16 << 20,
  request: 4 << 10,
  draw: DUTY_MESSAGE_BYTES,
};

export const isAskedKind = (text: string): text is AskedKind => Object.hasOwn(MAX_MESSAGE_BYTES, text);

/** Greatest size of an answer, in bytes. */
export const MAX_ANSWER_BYTES = 4096;

const purposeSchema = z.strictObject({
  network: z.string().regex(/^[0-9a-f]{8}$/),
  cycle: z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
  write: z.string().regex(/^[\w -]{1,100}$/),
});

export const encodePurpose = ({ network, cycle, write }: Purpose): string => JSON.stringify({ network, cycle, write });

/** Null for anything that is none. */
export const parsePurpose = (text: string): Purpose | null => {
  try {
    return purposeSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
};

/** The codes of a signer's refusals. */
export const SIGNER_FAULTS = [
  "SIGNER_UNAUTHORIZED",
  "SIGNER_REFUSED",
  "SIGNER_CONFLICT",
  "SIGNER_BUSY",
  "SIGNER_JOURNAL_FAILED",
] as const;

export type SignerFaultCode = (typeof SIGNER_FAULTS)[number];

export const keyAnswerSchema = z.object({ version: z.literal(1), address: addressSchema });
export const signAnswerSchema = z.object({ signature: signatureSchema });
/** 96 bytes. */
export const drawAnswerSchema = z.object({ signature: z.string().regex(/^[0-9a-f]{192}$/) });
export const faultAnswerSchema = z.object({ code: z.enum(SIGNER_FAULTS), message: z.string().max(400) });
