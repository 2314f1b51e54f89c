import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { GREEDY, type Sampling, sampleToken } from "#shared/generation/sampling.js";

const draws = (logits: readonly number[], sampling: Partial<Sampling>, count = 4000): number[] => {
  const random = createRandom("draws");
  const settings = { temperature: 1, topK: null, topP: 1, ...sampling };
  const counts = logits.map(() => 0);
  for (let i = 0; i < count; i++) counts[sampleToken(Float32Array.from(logits), settings, random)]!++;
  return counts;
};

describe("sampling", () => {
  const logits = [1, 4, 2, 4, -3];

  it("without temperature takes the likeliest token, the first of equals", () => {
    assert.equal(sampleToken(Float32Array.from(logits), GREEDY, createRandom("x")), 1);
  });

  it("follows the probabilities", () => {
    const weights = logits.map((logit) => Math.exp(logit / 2));
    const total = weights.reduce((a, b) => a + b);
    for (const [id, count] of draws(logits, { temperature: 2 }).entries())
      assert.ok(Math.abs(count / 4000 - weights[id]! / total) < 0.03, `${id}: ${count}`);
  });

  it("takes none but the k likeliest, the first of equals", () => {
    assert.deepEqual(draws(logits, { topK: 1 }), [0, 4000, 0, 0, 0]);
    const [a, b, c, d, e] = draws(logits, { topK: 3 });
    assert.deepEqual([a, e], [0, 0]);
    assert.ok(b! > 1500 && d! > 1500 && c! > 100);
  });

  it("takes none but the likeliest that reach a probability together", () => {
    assert.deepEqual(draws(logits, { topP: 0.3 }), [0, 4000, 0, 0, 0]);
    const [a, , c, d, e] = draws(logits, { topP: 0.6 });
    assert.deepEqual([a, c, e], [0, 0, 0]);
    assert.ok(d! > 1500);
  });

  it("counts top-p among the k likeliest, as transformers does", () => {
    assert.deepEqual(draws([3, 2, 1, 1, 1, 1, 1], { topK: 2, topP: 0.7 }), [4000, 0, 0, 0, 0, 0, 0]);
  });

  it("is the same for the same seed", () => {
    const sequence = (seed: string) => {
      const random = createRandom(seed);
      return Array.from({ length: 50 }, () =>
        sampleToken(Float32Array.from(logits), { temperature: 1.5, topK: 4, topP: 0.95 }, random),
      );
    };
    assert.deepEqual(sequence("1"), sequence("1"));
    assert.notDeepEqual(sequence("1"), sequence("2"));
  });

  it("refuses what is no number", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => sampleToken(Float32Array.of(0, bad), GREEDY, createRandom("x")), {
        code: "GENERATION_NOT_FINITE",
      });
  });
});
