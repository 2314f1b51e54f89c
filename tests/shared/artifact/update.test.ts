import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFloats, encodeFloats, l2Norm } from "#shared/artifact/update.js";
import { toFloats } from "#shared/tensor-files/float32.js";
import { encodeSafetensors } from "#shared/tensor-files/safetensors.js";

test("float32 tensors keep every bit through a blob, at any alignment", () => {
  const values = fc.float32Array({ maxLength: 20 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ maxLength: 4 }), { maxLength: 4 }),
      values,
      fc.nat(7),
      (names, data, shift) => {
        const written = new Map(names.map((name) => [name, { shape: [data.length], data }]));
        const { bytes } = encodeFloats(written);
        const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
        shifted.set(bytes);
        const read = decodeFloats(shifted);
        assert.equal(read.size, written.size);
        for (const [name, tensor] of read) assert.deepEqual(tensor, written.get(name));
      },
    ),
    { seed: 1 },
  );
});

test("aligned elements are a view, misaligned ones a copy", () => {
  const bytes = new Uint8Array(12);
  assert.equal(toFloats({ data: bytes.subarray(4, 8) }).buffer, bytes.buffer);
  assert.notEqual(toFloats({ data: bytes.subarray(1, 5) }).buffer, bytes.buffer);
});

test("only float32 is read as float32", () => {
  const bytes = encodeSafetensors(new Map([["a", { dtype: "I32", shape: [1], data: new Uint8Array(4) }]]));
  assert.throws(() => decodeFloats(bytes), { code: "SAFETENSORS_INVALID" });
});

test("the norm covers all tensors, does not overflow in float32's range, and shows what is not finite", () => {
  const of = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
  assert.equal(l2Norm([of(3), of(0, 4)]), 5);
  assert.equal(l2Norm([]), 0);
  assert.ok(Number.isFinite(l2Norm([of(...Array(1000).fill(3.4e38))])));
  assert.ok(!Number.isFinite(l2Norm([of(1, Number.NaN)])));
  assert.ok(!Number.isFinite(l2Norm([of(Number.NEGATIVE_INFINITY)])));
});
