import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { COSINE_PARTS, thresholdOf } from "#shared/sprint/float/calibration.js";
import { digestOf, digestsAgree, TOLERANCES } from "#shared/sprint/float/digest.js";
import { type Compared, cosineOf, isNear, isNearExactly } from "#shared/sprint/float/distance.js";
import { fillNormals } from "#shared/sprint/float/normals.js";
import { permutationOf, targetOf } from "#shared/sprint/float/target.js";

const WIDTH = 64;
const NODE = "a".repeat(64);
const targets = [targetOf("b".repeat(64), WIDTH), targetOf("b".repeat(64), WIDTH, 1)] as const;
const [target] = targets;
const same = Uint16Array.from({ length: WIDTH }, (_, i) => i);

const normals = (seed: string, size = WIDTH): Float32Array => {
  const output = new Float32Array(size);
  fillNormals(createRandom(seed), 1, output);
  return output;
};

const compared = (nonce: number): Compared => ({
  output: normals(`${nonce}`),
  order: permutationOf(NODE, nonce, WIDTH),
  target,
});

test("normals of twelve uniforms have mean 0, variance 1, and no tail beyond 6", () => {
  const values = normals("moments", 100_000);
  const mean = values.reduce((sum, value) => sum + value) / values.length;
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.013 && Math.abs(variance - 1) < 0.018, `${mean}, ${variance}`);
  assert.ok(values.every((value) => Math.abs(value) <= 6));
});

test("a target is centred, and its second direction is another", () => {
  for (const one of targets) {
    assert.equal(
      one.reduce((sum, value) => sum + value),
      0,
    );
    assert.ok(one.every((value) => Math.abs(value) <= 2 * 127 * WIDTH));
  }
  assert.ok(Math.abs(cosineOf({ output: Float32Array.from(targets[1]), order: same, target })) < 0.6);
});

test("a permutation has each place once, and every nonce another", () => {
  const seen = new Set<string>();
  for (let nonce = 0; nonce < 50; nonce++) {
    const order = permutationOf(NODE, nonce, WIDTH);
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      [...same],
    );
    seen.add(order.join());
  }
  assert.equal(seen.size, 50);
});

test("doubles and integers decide alike, and as often as the odds say", () => {
  const threshold = thresholdOf(WIDTH, 20);
  let wins = 0;
  for (let nonce = 0; nonce < 1000; nonce++) {
    const one = compared(nonce);
    const near = isNear(one, threshold);
    assert.equal(isNearExactly(one, threshold), near);
    assert.equal(near, cosineOf(one) >= threshold / COSINE_PARTS);
    if (near) wins++;
  }
  assert.ok(Math.abs(wins - 50) < 4 * Math.sqrt(50 * 0.95), `${wins}`);
});

test("a cosine of exactly the threshold is near, one bit less is not", () => {
  // t = (1, 0, 0, −1), x = (4, 3, −3, −4): both centred, cosine 8 / √(2 · 50) = 0.8.
  const exact = { order: Uint16Array.of(0, 1, 2, 3), target: Int32Array.of(1, 0, 0, -1) };
  const output = Float32Array.of(4, 3, -3, -4);
  const threshold = 0.8 * COSINE_PARTS;
  assert.ok(isNear({ ...exact, output }, threshold));
  assert.ok(!isNear({ ...exact, output }, threshold + 1));
  const less = Float32Array.of(4, 3.0000002, -3, -4);
  assert.ok(!isNear({ ...exact, output: less }, threshold));
  const scaled = output.map((value) => value * 2 ** -140);
  assert.ok(isNear({ ...exact, output: scaled }, threshold));
  assert.ok(isNear({ ...exact, output: output.map((value) => -value) }, -threshold));
  assert.ok(!isNear({ ...exact, output: output.map((value) => -value) }, 1 - threshold));
});

test("outputs without a direction are never near", () => {
  for (const fill of [0, 0.1, 3e38, Number.NaN, Infinity]) {
    const output = new Float32Array(WIDTH).fill(fill);
    assert.ok(!isNear({ output, order: same, target }, thresholdOf(WIDTH, 900)), `${fill}`);
    assert.ok(!isNear({ output, order: same, target }, -COSINE_PARTS), `${fill}`);
  }
});

test("digests agree within rounding, and with no other output", () => {
  const { output, order } = compared(1);
  const digest = digestOf(output, order, targets);
  const { floatSameClass, floatMixed } = TOLERANCES;
  const disturbed = (error: number) =>
    digestOf(
      output.map((value, i) => value + error * normals("error")[i]!),
      order,
      targets,
    );
  assert.ok(digestsAgree(digest, digest, WIDTH, 0));
  assert.ok(digestsAgree(digest, disturbed(1e-6), WIDTH, floatSameClass));
  assert.ok(!digestsAgree(digest, disturbed(1e-3), WIDTH, floatSameClass));
  assert.ok(digestsAgree(digest, disturbed(1e-3), WIDTH, floatMixed));
  assert.ok(!digestsAgree(digest, digestOf(normals("other"), order, targets), WIDTH, floatMixed));
  assert.ok(!digestsAgree(digest, digest.subarray(1), WIDTH, 1));
  const none = digestOf(new Float32Array(WIDTH).fill(Number.NaN), order, targets);
  assert.ok(digestsAgree(none, none, WIDTH, 0) && !digestsAgree(none, digest, WIDTH, 10));
});
