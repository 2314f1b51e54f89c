import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { elementsOf, isFault, type Pieces } from "#shared/artifact/codec/codec.js";
import { CODECS, encodedLength } from "#shared/artifact/codec/index.js";
import { INT8_BLOCK } from "#shared/artifact/codec/int8.js";
import { CHUNK, KEPT } from "#shared/artifact/codec/topk-2bit.js";
import { CODEC_NAMES, type CodecName } from "#shared/protocol/codec-name.js";
import { loadVectors } from "../../protocol/vectors.js";

const sparse = z.array(z.tuple([z.int(), z.string()]));
const pieces = z.record(z.string(), z.object({ dtype: z.string(), shape: z.array(z.int()), data: z.string() }));
const vectors = z.object({
  codec: z.enum(CODEC_NAMES),
  cases: z.array(z.object({ name: z.string(), shape: z.array(z.int()), values: sparse, pieces, decoded: sparse })),
  refused: z.array(z.object({ name: z.string(), shape: z.array(z.int()), pieces, reason: z.string() })),
});

const bytesOf = (written: z.infer<typeof pieces>): Pieces =>
  new Map(Object.entries(written).map(([suffix, { data }]) => [suffix, Buffer.from(data, "hex")]));

const valuesOf = (shape: readonly number[], nonzero: z.infer<typeof sparse>): Float32Array => {
  const values = new Float32Array(elementsOf(shape));
  for (const [i, hex] of nonzero) values[i] = Buffer.from(hex, "hex").readFloatLE();
  return values;
};

const decoded = (name: CodecName, values: Float32Array): Float32Array => {
  const read = CODECS[name].decode(CODECS[name].encode(values), values.length);
  assert.ok(!isFault(read), JSON.stringify(read));
  return read;
};

/** Bit for bit: minus zero is not zero. */
const bits = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");

for (const name of CODEC_NAMES) {
  describe(name, () => {
    const { codec, cases, refused } = loadVectors(`codecs/${name}`, vectors);
    assert.equal(codec, name);

    for (const one of cases) {
      it(`vector: ${one.name}`, () => {
        const layout = [...CODECS[name].layout(one.shape)];
        assert.deepEqual(
          layout.map(([suffix, spec]) => [suffix, spec]),
          Object.entries(one.pieces).map(([suffix, { dtype, shape }]) => [suffix, { dtype, shape }]),
        );
        const encoded = CODECS[name].encode(valuesOf(one.shape, one.values));
        for (const [suffix, { data }] of Object.entries(one.pieces))
          assert.equal(Buffer.from(encoded.get(suffix)!).toString("hex"), data, suffix);
        const read = CODECS[name].decode(bytesOf(one.pieces), elementsOf(one.shape));
        assert.ok(!isFault(read), JSON.stringify(read));
        assert.equal(bits(read), bits(valuesOf(one.shape, one.decoded)));
      });
    }

    for (const one of refused) {
      it(`refuses ${one.name}`, () => {
        const read = CODECS[name].decode(bytesOf(one.pieces), elementsOf(one.shape));
        assert.ok(isFault(read), "it was read");
        assert.equal(read.reason, one.reason, read.problem);
      });
    }

    it("reads anything of the right sizes without a throw, at any alignment, in the space of the tensor", () => {
      fc.assert(
        fc.property(fc.nat(300), fc.infiniteStream(fc.nat(255)), fc.nat(3), (length, stream, shift) => {
          const written = [...CODECS[name].layout([length])].map(([suffix, spec]) => {
            const size = elementsOf(spec.shape) * { F32: 4, BF16: 2, I8: 1, U8: 1 }[spec.dtype as "F32"];
            const bytes = Buffer.alloc(size + shift).subarray(shift);
            for (let i = 0; i < size; i++) bytes[i] = stream.next().value;
            return [suffix, bytes] as const;
          });
          const before = written.map(([, bytes]) => bytes.toString("hex"));
          const read = CODECS[name].decode(new Map(written), length);
          if (!isFault(read)) assert.equal(read.length, length);
          assert.deepEqual(
            written.map(([, bytes]) => bytes.toString("hex")),
            before,
            "the bytes stay as they are",
          );
        }),
        { seed: 5, numRuns: 400 },
      );
    });
  });
}

const finite = (maxLength: number) =>
  fc.float32Array({ maxLength, noNaN: true, min: -(2 ** 100), max: 2 ** 100, noDefaultInfinity: true });

test("float32 keeps every bit, bfloat16 eight bits of the significand", () => {
  fc.assert(
    fc.property(finite(40), (values) => {
      assert.equal(bits(decoded("float32", values)), bits(values));
      for (const [i, read] of decoded("bfloat16", values).entries())
        assert.ok(Math.abs(read - values[i]!) <= Math.max(Math.abs(values[i]!) / 256, 1e-40), `${values[i]} → ${read}`);
    }),
    { seed: 1 },
  );
});

test("int8 errs by at most half a step of 1/127 of its block's largest magnitude", () => {
  fc.assert(
    fc.property(finite(2 * INT8_BLOCK + 3), (values) => {
      const read = decoded("int8", values);
      for (let begin = 0; begin < values.length; begin += INT8_BLOCK) {
        const block = values.subarray(begin, begin + INT8_BLOCK);
        const step = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
        for (const [i, value] of block.entries())
          assert.ok(Math.abs(read[begin + i]! - value) <= 0.501 * step + 1e-43, `${value} → ${read[begin + i]}`);
      }
    }),
    { seed: 2 },
  );
});

test("topk-2bit keeps the largest of each chunk, the first of equal ones, with their signs", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 * CHUNK }),
      fc.integer(),
      fc.constantFrom(3, 1e6),
      (length, seed, kinds) => {
        // Few distinct magnitudes make many of them equal.
        let state = seed >>> 0;
        const values = Float32Array.from({ length }, () => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          return (((state >>> 8) % (2 * kinds)) - kinds) / kinds + 1 / (4 * kinds);
        });
        const read = decoded("topk-2bit", values);
        for (let begin = 0; begin < length; begin += CHUNK) {
          const chunk = [...values.subarray(begin, begin + CHUNK)];
          const kept = chunk
            .map((value, i) => ({ value, i }))
            .sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || a.i - b.i)
            .slice(0, Math.ceil((chunk.length * KEPT) / CHUNK));
          const places = chunk.flatMap((_, i) => (read[begin + i] === 0 ? [] : [i]));
          assert.deepEqual(
            places,
            kept.map(({ i }) => i).sort((a, b) => a - b),
          );
          const levels = new Set(places.map((i) => Math.abs(read[begin + i]!)));
          assert.ok(levels.size <= 2, `levels ${[...levels]}`);
          for (const { value, i } of kept) assert.equal(Math.sign(read[begin + i]!), Math.sign(value));
        }
      },
    ),
    { seed: 3, numRuns: 60 },
  );
});

test("topk-2bit is 146 times smaller than float32 before its scales, 143 times with them and the header", () => {
  const chunks = 1024;
  const layout = CODECS["topk-2bit"].layout([chunks, CHUNK]);
  const dense = 4 * chunks * CHUNK;
  const codes = layout.get(".indices")!.shape[0]! + layout.get(".values")!.shape[0]!;
  assert.equal(dense / codes, (4096 * 32) / (64 * 14));
  assert.ok(Math.abs(dense / codes - 146.29) < 0.01);
  const file = encodedLength(CODECS["topk-2bit"], new Map([["weights", [chunks, CHUNK]]]));
  assert.ok(dense / file > 143 && dense / file < 144, `${dense / file}`);
  const ratio = (name: CodecName) => dense / encodedLength(CODECS[name], new Map([["weights", [chunks, CHUNK]]]));
  assert.ok(Math.abs(ratio("bfloat16") - 2) < 0.001);
  assert.ok(Math.abs(ratio("int8") - 4 / (1 + 4 / INT8_BLOCK)) < 0.001);
});
