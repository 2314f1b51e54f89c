import assert from "node:assert/strict";
import { test } from "node:test";
import { toScore } from "#shared/scoring/proof-of-loss.js";
import { scoreUnder } from "#shared/scoring/score-under.js";

test("a score under another exponent is the one that its bound would have had", () => {
  for (const bound of [0, 1e-9, 0.003, 0.05, 0.7, 3])
    for (const [from, to] of [
      [1, 2],
      [2, 1],
      [1, 0.5],
      [3, 2.5],
    ] as const) {
      const expected = toScore(bound, to);
      const found = scoreUnder(toScore(bound, from), { from, to });
      assert.ok(
        Math.abs(found - expected) <= 1e-12 * expected,
        `${bound}: ${from} → ${to}: ${found} is not ${expected}`,
      );
    }
  assert.equal(scoreUnder(0.1, { from: 1.7, to: 1.7 }), 0.1, "and is the very same under the same one");
  assert.equal(scoreUnder(0.1, { from: 1, to: 2 }), 0.1 * 0.1);
});
