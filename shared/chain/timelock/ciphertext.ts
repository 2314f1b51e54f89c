import { malformed } from "./beacon.js";

/** The parts of a ciphertext; sizes in bytes. */
export interface Ciphertext {
  /** 96: r·G2, compressed. */
  readonly u: Uint8Array;
  /** 32: σ masked by the pairing. */
  readonly v: Uint8Array;
  /** 32: the key masked by σ. */
  readonly w: Uint8Array;
  /** AES-256-GCM's output, its 16-byte tag last. */
  readonly sealed: Uint8Array;
  /** 12. */
  readonly nonce: Uint8Array;
}

export const SHARE_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
const POINT_BYTES = 96;
const SUITE = Buffer.from("AES_GCM_");

/** `TLECiphertext<TinyBLS381>` in ark-serialize's compressed form. A vector is its length as u64, little-endian, and its bytes. */
export const encodeCiphertext = ({ u, v, w, sealed, nonce }: Ciphertext): Uint8Array =>
  Buffer.concat([u, vector(v), vector(w), vector(Buffer.concat([vector(sealed), vector(nonce)])), vector(SUITE)]);

/** Ignores trailing bytes, as the runtime does. @throws TIMELOCK_MALFORMED */
export const decodeCiphertext = (bytes: Uint8Array): Ciphertext => {
  const outer = reader(bytes);
  const u = outer.take(POINT_BYTES);
  const v = outer.vector();
  const w = outer.vector();
  const body = reader(outer.vector());
  const suite = outer.vector();
  const sealed = body.vector();
  const nonce = body.vector();
  if (v.length !== SHARE_BYTES || w.length !== SHARE_BYTES || nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES)
    throw malformed("a part of the ciphertext has the wrong length");
  if (!SUITE.equals(suite)) throw malformed("the ciphertext is not of the suite AES_GCM_");
  return { u, v, w, sealed, nonce };
};

const vector = (bytes: Uint8Array): Uint8Array => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
};

const reader = (bytes: Uint8Array) => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const take = (length: number): Uint8Array => {
    if (length > buffer.length - offset) throw malformed("the ciphertext ends too early");
    offset += length;
    return buffer.subarray(offset - length, offset);
  };
  // As a number, a length beyond 2^53 loses digits, but is still too long.
  return { take, vector: () => take(Number(Buffer.from(take(8)).readBigUInt64LE())) };
};
