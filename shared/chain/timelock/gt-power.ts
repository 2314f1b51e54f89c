import { bls12_381 as bls } from "@noble/curves/bls12-381";

export type Gt = ReturnType<typeof bls.pairing>;

const { Fp12 } = bls.fields;

/** The curve's parameter without its sign, x = −X. The field's prime is x modulo the order of the groups. */
const X = 0xd201000000010000n;
const BITS = 64;

/** Digits of a scalar to the base X. */
const DIGITS = 4;

/**
 * A pairing's value to a scalar below the order, in a quarter of the squarings (Galbraith and Scott, "Exponentiation in pairing-friendly
 * groups using homomorphisms", 2008). Frobenius' map is the power x there and conjugation the inverse, so that they give the powers X, X²
 * and X³, and the scalar's four digits are worked off side by side. Each bit of the digits costs the same, whatever it is.
 */
export const gtPower = (base: Gt, scalar: bigint): Gt => {
  const powers = Array.from({ length: DIGITS }, (_, i) => {
    const power = Fp12.frobeniusMap(base, i);
    return i % 2 === 0 ? power : Fp12.conjugate(power);
  });
  /** Products of the powers, by the set of those in them. */
  const products = [Fp12.ONE];
  for (const power of powers) products.push(...products.map((product) => Fp12.mul(product, power)));
  const digits = Array.from({ length: DIGITS }, (_, i) => (scalar / X ** BigInt(i)) % X);
  let result = Fp12.ONE;
  for (let bit = BITS - 1; bit >= 0; bit--) {
    const chosen = digits.reduce((set, digit, i) => set | (Number((digit >> BigInt(bit)) & 1n) << i), 0);
    result = Fp12.mul(Fp12._cyclotomicSquare(result), products[chosen]!);
  }
  return result;
};
