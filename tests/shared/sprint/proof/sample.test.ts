import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleSeed, sampleWins } from "#shared/sprint/proof/sample.js";

const of = { seed: "1".repeat(64), verifier: "5Alice", proofHash: "2".repeat(64) };

test("below 459 wins all are checked, above it 459 different ones", () => {
  assert.deepEqual(sampleWins({ ...of, wins: 0 }), []);
  assert.deepEqual(
    sampleWins({ ...of, wins: 459 }),
    Array.from({ length: 459 }, (_, i) => i),
  );
  for (const wins of [460, 1000, 13_000, 2 ** 47]) {
    const sample = sampleWins({ ...of, wins });
    assert.equal(new Set(sample).size, 459);
    assert.ok(sample.every((index, i) => Number.isInteger(index) && index < wins && index > (sample[i - 1] ?? -1)));
  }
});

test("a sample depends on seed, verifier and proof", () => {
  const base = sampleWins({ ...of, wins: 10_000, size: 20 });
  assert.deepEqual(sampleWins({ ...of, wins: 10_000, size: 20 }), base);
  for (const change of [{ seed: "3".repeat(64) }, { verifier: "5Bob" }, { proofHash: "3".repeat(64) }]) {
    assert.notDeepEqual(sampleWins({ ...of, ...change, wins: 10_000, size: 20 }), base);
    assert.notEqual(sampleSeed({ ...of, ...change }), sampleSeed(of));
  }
});

test("every index is alike probable", () => {
  const counts = new Array(10).fill(0);
  const rounds = 2000;
  for (let n = 0; n < rounds; n++)
    for (const index of sampleWins({ ...of, verifier: `${n}`, wins: 10, size: 3 })) counts[index]++;
  // χ² of 9 degrees of freedom, of a sample without replacement scaled by (1 − 3/10)⁻¹: 27.9 at 0.1 %.
  const expected = (rounds * 3) / 10;
  const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) / (1 - 0.3);
  assert.ok(chi < 27.9, `${chi}`);
});
