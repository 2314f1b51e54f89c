import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type FloatDType, narrow, widen } from "#shared/tensor-files/float-dtype.js";

/** Sign, exponent and fraction of a two-byte format as IEEE 754 defines them. */
const FORMATS = { F16: { fraction: 10, bias: 15 }, BF16: { fraction: 7, bias: 127 } } as const;
type Half = keyof typeof FORMATS;

/** The number that a bit pattern stands for, by the definition. */
const meaning = (dtype: Half, bits: number): number => {
  const { fraction, bias } = FORMATS[dtype];
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> fraction;
  const rest = (bits & ((1 << fraction) - 1)) / 2 ** fraction;
  if (exponent === (1 << (15 - fraction)) - 1) return rest === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * rest * 2 ** (1 - bias) : sign * (1 + rest) * 2 ** (exponent - bias);
};

/** The pattern nearest to a number, of two equally near the even one, by search over all that are finite. */
const nearest = (dtype: Half, value: number): number => {
  const { fraction } = FORMATS[dtype];
  const infinity = ((1 << (15 - fraction)) - 1) << fraction;
  const magnitude = Math.abs(value);
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (meaning(dtype, middle) <= magnitude) low = middle;
    else high = middle;
  }
  // What would follow the largest finite number, if the exponent went on, decides what rounds to infinity.
  const above =
    high === infinity ? 2 * meaning(dtype, infinity - 1) - meaning(dtype, infinity - 2) : meaning(dtype, high);
  const [down, up] = [magnitude - meaning(dtype, low), above - magnitude];
  const pattern = down < up || (down === up && low % 2 === 0) ? low : high;
  return pattern | (Object.is(Math.sign(value), -1) || Object.is(value, -0) ? 0x8000 : 0);
};

const widened = (dtype: FloatDType, bytes: Uint8Array): Float32Array => {
  const into = new Float32Array(bytes.length / (dtype === "F32" ? 4 : 2));
  widen(dtype, bytes, into);
  return into;
};
const patternsOf = (bytes: Uint8Array): number[] =>
  Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i]! | (bytes[2 * i + 1]! << 8));
const bytesOf = (patterns: readonly number[]): Uint8Array =>
  Uint8Array.from(patterns.flatMap((bits) => [bits & 0xff, bits >> 8]));
const floatOf = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0]!;
const isNaNPattern = (dtype: Half, bits: number) => Number.isNaN(meaning(dtype, bits));

for (const dtype of ["F16", "BF16"] as const)
  describe(dtype, () => {
    const all = Array.from({ length: 1 << 16 }, (_, bits) => bits);

    it("widens all 65,536 patterns to what they stand for, and narrows them back", () => {
      const floats = widened(dtype, bytesOf(all));
      for (const bits of all) assert.ok(Object.is(floats[bits], meaning(dtype, bits)), `${bits.toString(16)}`);
      const back = patternsOf(narrow(dtype, floats));
      for (const bits of all)
        if (isNaNPattern(dtype, bits)) assert.ok(isNaNPattern(dtype, back[bits]!), `${bits.toString(16)}`);
        else assert.equal(back[bits], bits);
    });

    it("narrows halfway between any two neighbours to the even one, and beside it to the nearer", () => {
      const largest = all.findLast((bits) => bits < 0x8000 && Number.isFinite(meaning(dtype, bits)))!;
      const values = all
        .filter((bits) => bits < largest)
        .flatMap((bits) => {
          const middle = (meaning(dtype, bits) + meaning(dtype, bits + 1)) / 2;
          const word = new Uint32Array(Float32Array.of(middle).buffer)[0]!;
          return [floatOf(word - 1), middle, floatOf(word + 1), -middle];
        });
      const got = patternsOf(narrow(dtype, Float32Array.from(values)));
      for (const [i, value] of values.entries()) assert.equal(got[i], nearest(dtype, value), `${value}`);
    });

    it("narrows any float32 to the nearest", () => {
      const bits = fc.nat(0xffffffff);
      // Most floats are far outside binary16: half of the samples are near it.
      const near = fc.double({ min: -70_000, max: 70_000, noNaN: true }).map(Math.fround);
      const tiny = fc.double({ min: -1e-4, max: 1e-4, noNaN: true }).map(Math.fround);
      fc.assert(
        fc.property(fc.oneof(bits.map(floatOf), near, tiny), (value) => {
          const [got] = patternsOf(narrow(dtype, Float32Array.of(value)));
          if (Number.isNaN(value)) assert.ok(isNaNPattern(dtype, got!));
          else assert.equal(got, nearest(dtype, value));
        }),
        { seed: 3, numRuns: 20_000 },
      );
    });
  });

it("reads from any place in memory, and leaves float32 as it is", () => {
  const values = Float32Array.of(1.5, -0, 3e-41, Number.POSITIVE_INFINITY);
  const bytes = narrow("F32", values);
  for (const dtype of ["F32", "BF16", "F16"] as const) {
    const stored = narrow(dtype, values);
    const moved = new Uint8Array(stored.length + 1);
    moved.set(stored, 1);
    assert.deepEqual(widened(dtype, moved.subarray(1)), widened(dtype, stored));
  }
  assert.deepEqual(widened("F32", bytes), values);
});
