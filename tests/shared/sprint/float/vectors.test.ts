import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { FLOAT_DIALS } from "#shared/sprint/float/dials.js";
import { digestOf, digestsAgree } from "#shared/sprint/float/digest.js";
import { isNear, isNearExactly } from "#shared/sprint/float/distance.js";
import { tokensOf, writeVectors } from "#shared/sprint/float/inputs.js";
import { permutationOf, targetOf } from "#shared/sprint/float/target.js";
import { deviationOf, drawNormals } from "#shared/sprint/float/weights.js";
import { loadVectors } from "#tests/shared/protocol/vectors.js";

const numbers = z.array(z.number());
const vectors = loadVectors(
  "sprint-float",
  z.object({
    network: z.string(),
    node: z.string(),
    seed2: z.string(),
    weights: z.array(z.object({ matrix: z.number(), from: z.number(), width: z.number(), values: numbers })),
    targets: z.tuple([numbers, numbers]),
    tokens: z.array(z.object({ nonce: z.number(), tokens: numbers })),
    nonces: z.array(
      z.object({
        nonce: z.number(),
        output: numbers,
        order: numbers,
        near: z.array(z.tuple([z.number(), z.boolean()])),
        digest: z.string(),
      }),
    ),
  }),
);
const { node, seed2 } = vectors;
const width = vectors.targets[0].length;

test("vectors: weights, inputs and tokens", () => {
  for (const { matrix, from, width: of, values } of vectors.weights) {
    const drawn = new Float32Array(values.length);
    drawNormals(vectors.network, { matrix, from, deviation: deviationOf({ width: of }) }, drawn);
    assert.deepEqual([...drawn], values);
  }
  for (const { nonce, output } of vectors.nonces) {
    const drawn = new Float32Array(width);
    writeVectors(node, nonce, drawn);
    assert.deepEqual([...drawn], output);
  }
  for (const { nonce, tokens } of vectors.tokens)
    assert.deepEqual(tokensOf(node, nonce, FLOAT_DIALS.paper, 8192), tokens);
});

test("vectors: targets, permutations, distances and digests", () => {
  const targets = [targetOf(seed2, width), targetOf(seed2, width, 1)] as const;
  assert.deepEqual(
    targets.map((target) => [...target]),
    vectors.targets,
  );
  for (const { nonce, output: values, order, near, digest } of vectors.nonces) {
    const output = Float32Array.from(values);
    const compared = { output, order: permutationOf(node, nonce, width), target: targets[0] };
    assert.deepEqual([...compared.order], order);
    for (const [threshold, is] of near) {
      assert.equal(isNear(compared, threshold), is);
      assert.equal(isNearExactly(compared, threshold), is);
    }
    const made = digestOf(output, compared.order, targets);
    assert.ok(digestsAgree(made, Buffer.from(digest, "hex"), width, 1e-7));
  }
});
