import { createHash } from "node:crypto";
import { bls12_381 as bls } from "@noble/curves/bls12-381";
import { malformed } from "./beacon.js";
import { type CurvePoint, canonicalPoint } from "./canonical-point.js";

const DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

type G1 = typeof bls.G1.Point.BASE;
type G2 = typeof bls.G2.Point.BASE;

/** The point of G1 that a round's pulse signs: hash to curve of SHA-256(round as u64, big-endian). */
export const roundPoint = (round: number): G1 => {
  if (!Number.isSafeInteger(round) || round < 0) throw malformed(`${round} is not a drand round`);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(round));
  return bls.shortSignatures.hash(createHash("sha256").update(bytes).digest(), DST);
};

/** The public key of a private beacon whose secret is a seed of 32 bytes. @returns 192 hex digits */
export const beaconPublicKey = (seed: Uint8Array): string =>
  Buffer.from(bls.G2.Point.BASE.multiply(secretOf(seed)).toBytes(true)).toString("hex");

/** The signature (48 bytes) of a round by the beacon with this seed. It opens what was locked to the round. */
export const signPulse = (seed: Uint8Array, round: number): Uint8Array =>
  roundPoint(round).multiply(secretOf(seed)).toBytes(true);

/** Whether a signature is that of the beacon's round: e(signature, G2) = e(H(round), public key). */
export const verifyPulse = (publicKey: string, round: number, signature: Uint8Array): boolean => {
  const key = parsePublicKey(publicKey);
  let point: G1;
  try {
    point = parseSignature(signature);
  } catch {
    return false;
  }
  return bls.shortSignatures.verify(point, roundPoint(round), key);
};

/** @throws TIMELOCK_MALFORMED unless it is a compressed point of the right subgroup, and not the point at infinity */
export const parsePublicKey = (hex: string): G2 => {
  if (lastKey?.hex !== hex) lastKey = { hex, point: parseG2(Buffer.from(hex, "hex"), "the beacon's public key") };
  return lastKey.point;
};

/** A network has one beacon, and the curve library keeps with a point what pairings precompute of it. */
let lastKey: { readonly hex: string; readonly point: G2 } | null = null;

export const parseG2 = (bytes: Uint8Array, what: string): G2 => validPoint(bls.G2.Point, bytes, what);

export const parseSignature = (bytes: Uint8Array): G1 => validPoint(bls.G1.Point, bytes, "the pulse's signature");

const validPoint = <P extends CurvePoint>(
  group: { fromBytes(bytes: Uint8Array): P },
  bytes: Uint8Array,
  what: string,
): P => {
  let point: P;
  try {
    point = canonicalPoint(group, bytes);
  } catch (cause) {
    throw malformed(`${what} is not a point of BLS12-381`, cause);
  }
  if (point.is0()) throw malformed(`${what} is the zero of its group`);
  return point;
};

const secretOf = (seed: Uint8Array): bigint => {
  const scalar = BigInt(`0x${createHash("sha256").update(seed).digest("hex")}`) % bls.fields.Fr.ORDER;
  if (scalar === 0n) throw malformed("the seed gives no key");
  return scalar;
};
