import { randomBytes } from "node:crypto";
import { mapHashToField } from "@noble/curves/abstract/modular";
import { bls12_381 as bls } from "@noble/curves/bls12-381";
import { type CurvePoint, canonicalPoint } from "#shared/chain/timelock/canonical-point.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";

export type G1 = typeof bls.G1.Point.BASE;
export type G2 = typeof bls.G2.Point.BASE;

/** The field of BLS12-381's scalars. */
export const Fr = bls.fields.Fr;

const SCALAR_BYTES = 32;

/** Bytes from which a scalar is drawn without a bias that anybody could measure. */
const DRAW_BYTES = 48;

export type RandomBytes = (bytes: number) => Uint8Array;

/** A random scalar, never 0. @param random returns that many random bytes */
export const randomScalar = (random: RandomBytes = randomBytes): bigint =>
  BigInt(`0x${Buffer.from(mapHashToField(random(DRAW_BYTES), Fr.ORDER)).toString("hex")}`);

/** 32 bytes, big-endian. */
export const scalarBytes = (scalar: bigint): Uint8Array =>
  Buffer.from(scalar.toString(16).padStart(2 * SCALAR_BYTES, "0"), "hex");

/** A scalar in its one form: 32 bytes, big-endian, above 0 and below the order. Never throws. */
export const parseScalar = (bytes: Uint8Array): Parsed<bigint> => {
  if (bytes.length !== SCALAR_BYTES) return refused(`a scalar has ${SCALAR_BYTES} bytes`);
  const scalar = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  return scalar > 0n && scalar < Fr.ORDER ? accepted(scalar) : refused("not a scalar of BLS12-381");
};

/** A point of G1 in its one form: 48 bytes, compressed, in the right subgroup and not the zero. Never throws. */
export const parseG1 = (bytes: Uint8Array): Parsed<G1> => parsePoint(bls.G1.Point, bytes);

/** A point of G2 in its one form: 96 bytes, compressed, in the right subgroup and not the zero. Never throws. */
export const parseG2 = (bytes: Uint8Array): Parsed<G2> => parsePoint(bls.G2.Point, bytes);

const parsePoint = <P extends CurvePoint>(group: { fromBytes(bytes: Uint8Array): P }, bytes: Uint8Array): Parsed<P> => {
  try {
    const point = canonicalPoint(group, bytes);
    return point.is0() ? refused("the zero of its group") : accepted(point);
  } catch {
    return refused("not a point of BLS12-381");
  }
};

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const fromHex = (text: string): Uint8Array => Buffer.from(text, "hex");
