import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "#shared/artifact/codec/codec.js";
import { encodeUpdate, type Feedback } from "#shared/artifact/codec/encode-update.js";
import { CODECS, decodeTensor, encodedLength, encodedSpecs } from "#shared/artifact/codec/index.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { createRandom } from "#shared/data/random.js";
import { CODEC_NAMES, type CodecName } from "#shared/protocol/codec-name.js";
import { parseSafetensors } from "#shared/tensor-files/safetensors.js";

const of = (data: Float32Array, shape = [data.length]) => ({ shape, data });

const remember = () => {
  const left = new Map<string, Float32Array>();
  const feedback: Feedback = {
    carried: async (name) => left.get(name) ?? null,
    keep: async (name, values) => void left.set(name, values),
  };
  return { feedback, left };
};

const read = (name: CodecName, bytes: Uint8Array, update: FloatTensors): Map<string, Float32Array> => {
  const { tensors } = parseSafetensors(bytes);
  return new Map(
    [...update].map(([tensor, { shape }]) => {
      const decoded = decodeTensor(CODECS[name], tensor, shape, tensors);
      assert.ok(!isFault(decoded));
      return [tensor, decoded];
    }),
  );
};

test("an update's file has the size and the tensors that its shapes foretell", async () => {
  const random = createRandom("sizes");
  const values = (length: number) => Float32Array.from({ length }, () => random.next() - 0.5);
  const update: FloatTensors = new Map([
    ["b.weight", of(values(5000), [50, 100])],
    ["a.weight", of(values(7))],
    ["none", of(values(0))],
  ]);
  const shapes = new Map([...update].map(([name, { shape }]) => [name, shape]));
  for (const name of CODEC_NAMES) {
    const { bytes } = await encodeUpdate(CODECS[name], update);
    assert.equal(bytes.length, encodedLength(CODECS[name], shapes), name);
    const written = [...parseSafetensors(bytes).tensors].map(([tensor, { dtype, shape }]) => [
      tensor,
      { dtype, shape },
    ]);
    const foretold = [...encodedSpecs(CODECS[name], shapes)].sort(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(written, foretold, name);
  }
});

test("what is sent and what is left make up the update and what was carried, element by element", async () => {
  const random = createRandom("feedback");
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...CODEC_NAMES), fc.integer({ min: 1, max: 6000 }), async (name, length) => {
      const { feedback, left } = remember();
      for (let cycle = 0; cycle < 3; cycle++) {
        const data = Float32Array.from({ length }, () => random.next() - 0.5);
        const carried = left.get("x") ?? new Float32Array(length);
        const whole = data.map((value, i) => value + carried[i]!);
        const update = new Map([["x", of(data)]]);
        const sent = read(name, (await encodeUpdate(CODECS[name], update, feedback)).bytes, update).get("x")!;
        assert.deepEqual(
          left.get("x"),
          whole.map((value, i) => value - sent[i]!),
        );
      }
    }),
    { seed: 4, numRuns: 24 },
  );
});

test("with feedback everything is sent in the end; without, what is small never is", async () => {
  const { feedback } = remember();
  const gradient = Float32Array.from({ length: 640 }, (_, i) => (i % 2 ? -1 : 1) * (0.1 + (i % 17) / 17));
  const update = new Map([["x", of(gradient)]]);
  const [total, without] = [new Float64Array(640), new Float64Array(640)];
  const cycles = 400;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const sent = read("topk-2bit", (await encodeUpdate(CODECS["topk-2bit"], update, feedback)).bytes, update);
    const alone = read("topk-2bit", (await encodeUpdate(CODECS["topk-2bit"], update)).bytes, update);
    for (let i = 0; i < 640; i++) {
      total[i]! += sent.get("x")![i]! / cycles;
      without[i]! += alone.get("x")![i]! / cycles;
    }
  }
  assert.ok(without.filter((value) => value === 0).length === 630);
  for (const [i, value] of total.entries()) {
    assert.equal(Math.sign(value), Math.sign(gradient[i]!));
    assert.ok(Math.abs(value - gradient[i]!) < 0.25, `element ${i}: ${gradient[i]} → ${value}`);
  }
});

test("an update that is not finite is refused before it is written", async () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    for (const name of CODEC_NAMES)
      await assert.rejects(encodeUpdate(CODECS[name], new Map([["x", of(Float32Array.of(1, bad))]])), {
        code: "UPDATE_NOT_FINITE",
        message: new RegExp(`"x".* ${bad}$`),
      });
});
