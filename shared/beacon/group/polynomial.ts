import { bls12_381 as bls } from "@noble/curves/bls12-381";
import { Fr, type G1, type G2, type RandomBytes, randomScalar } from "./curve.js";

/** Coefficients of a polynomial over Fr, the constant one first. */
export type Polynomial = readonly bigint[];

/** A random polynomial of that many coefficients. Whoever has as many of its values as coefficients has the polynomial. */
export const randomPolynomial = (coefficients: number, random?: RandomBytes): Polynomial =>
  Array.from({ length: coefficients }, () => randomScalar(random));

/** The value at a slot, by Horner's rule. */
export const evaluate = (polynomial: Polynomial, slot: number): bigint =>
  polynomial.reduceRight((sum, coefficient) => Fr.add(Fr.mul(sum, BigInt(slot)), coefficient), 0n);

/**
 * Feldman's commitments to a polynomial: each coefficient times the generator of G2 ("A Practical Scheme for Non-interactive Verifiable Secret
 * Sharing", 1987).
 */
export const commitTo = (polynomial: Polynomial): readonly G2[] =>
  polynomial.map((coefficient) => bls.G2.Point.BASE.multiply(coefficient));

/** The value at a slot times the generator, from the commitments alone. Public values only, so its time may depend on them. */
export const evaluateInExponent = (commitments: readonly G2[], slot: number): G2 =>
  commitments.reduceRight((sum, commitment) => sum.multiplyUnsafe(BigInt(slot)).add(commitment), bls.G2.Point.ZERO);

/** Lagrange's coefficients that give a polynomial's value at 0 from its values at these slots, all different and none 0. */
export const lagrangeAtZero = (slots: readonly number[]): readonly bigint[] =>
  slots.map((slot) => {
    let [numerator, denominator] = [1n, 1n];
    for (const other of slots) {
      if (other === slot) continue;
      numerator = Fr.mul(numerator, BigInt(other));
      denominator = Fr.mul(denominator, Fr.create(BigInt(other - slot)));
    }
    return Fr.div(numerator, denominator);
  });

/** The point whose discrete logarithm is the polynomial's value at 0, from points of its values at slots. */
export const interpolateAtZero = (points: ReadonlyMap<number, G1>): G1 => {
  const slots = [...points.keys()];
  return bls.G1.Point.msm([...points.values()], [...lagrangeAtZero(slots)]);
};
