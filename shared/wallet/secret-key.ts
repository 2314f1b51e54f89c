import { ristretto255 } from "@noble/curves/ed25519";

/** Order of the ristretto255 group. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const COFACTOR = 8n;
/** A scalar and the nonce's seed, 32 bytes each. */
export const SECRET_KEY_BYTES = 64;

/**
 * An expanded sr25519 secret as schnorrkel's `SecretKey::to_bytes` writes it, and so `privateKey` in Bittensor's files,
 * in the half-Ed25519 form that polkadot.js signs with: its scalar times the cofactor, without reduction.
 */
export const toHalfEd25519 = (secret: Uint8Array): Uint8Array => withScalar(secret, scalarOf(secret) * COFACTOR);

/** The other way: a secret as polkadot.js has it, in the form of Bittensor's files. */
export const fromHalfEd25519 = (secret: Uint8Array): Uint8Array => withScalar(secret, scalarOf(secret) / COFACTOR);

const withScalar = (secret: Uint8Array, scalar: bigint): Uint8Array => {
  const changed = Uint8Array.from(secret);
  for (let i = 0; i < 32; i++) changed[i] = Number((scalar >> BigInt(8 * i)) & 0xffn);
  return changed;
};

/** The public key, 32 bytes, of a secret as schnorrkel writes it; undefined where its scalar is zero or not reduced. */
export const publicKeyOf = (secret: Uint8Array): Uint8Array | undefined => {
  const scalar = scalarOf(secret);
  return scalar > 0n && scalar < ORDER ? ristretto255.Point.BASE.multiply(scalar).toBytes() : undefined;
};

/** Little-endian. */
const scalarOf = (secret: Uint8Array): bigint => {
  let scalar = 0n;
  for (const byte of secret.subarray(0, 32).toReversed()) scalar = (scalar << 8n) | BigInt(byte);
  return scalar;
};
