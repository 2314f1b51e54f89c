import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { packBits, packedLength, unpackBits } from "#shared/artifact/codec/packed-bits.js";

test("codes of any width are read back, and the file's last bits are zero", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.uint16Array({ maxLength: 40 }), (width, values) => {
      const codes = values.map((value) => value & ((1 << width) - 1));
      const bytes = packBits(codes, width);
      assert.equal(bytes.length, packedLength(codes.length, width));
      assert.deepEqual(unpackBits(bytes, codes.length, width), codes);
      const spare = 8 * bytes.length - width * codes.length;
      for (let bit = 8 - spare; bit < 8; bit++) {
        const wrong = Uint8Array.from(bytes);
        wrong[wrong.length - 1]! |= 1 << bit;
        assert.equal(unpackBits(wrong, codes.length, width), null);
      }
    }),
    { seed: 1 },
  );
});

test("the lowest bit of the first code comes first", () => {
  assert.deepEqual(packBits(Uint16Array.of(0xabc, 0x123), 12), Uint8Array.of(0xbc, 0x3a, 0x12));
  assert.deepEqual(packBits(Uint16Array.of(1, 2, 3, 0, 1), 2), Uint8Array.of(0b00111001, 0b01));
});
