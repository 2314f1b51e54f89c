import assert from "node:assert/strict";
import { test } from "node:test";
import { type Opinion, sumOfWork, workOf } from "./arena/honest-work.js";
import { unscoredTable } from "./arena/unscored-table.js";

const scored: Opinion = { verdict: "scored", score: 0.5, reason: null, detail: null };
const busy: Opinion = { verdict: "abstained", score: 0, reason: "unreachable", detail: "it answered 503" };
const refused: Opinion = { verdict: "rejected", score: 0, reason: "unreachable" };

test("what honest miners are not scored for is told with who says so, and why", () => {
  const first = workOf(1, [
    { miner: "ann", agreed: scored, said: { vera: scored, vito: scored } },
    { miner: "bob", agreed: scored, said: { vera: busy, vito: scored } },
  ]);
  const second = workOf(2, [
    { miner: "ann", agreed: refused, said: { vera: busy, vito: undefined } },
    { miner: "bob", agreed: { ...scored, score: 0 }, said: { vera: scored, vito: scored } },
  ]);
  const work = sumOfWork([first, second]);
  const none = { verdict: null, reason: null, detail: null };
  const { score: _, ...abstained } = busy;
  assert.deepEqual(work, {
    submissions: 4,
    rejected: 1,
    abstained: 1,
    worthless: 1,
    unscored: [
      { cycle: 1, miner: "bob", by: "vera", ...abstained },
      { cycle: 2, miner: "ann", by: "all", verdict: "rejected", reason: "unreachable", detail: null },
      { cycle: 2, miner: "ann", by: "vera", ...abstained },
      { cycle: 2, miner: "ann", by: "vito", ...none },
    ],
  });
  assert.match(unscoredTable([{ where: "copy, seed a", work }]), /copy, seed a +2 +ann +vito +says nothing/);
  assert.equal(unscoredTable([{ where: "copy, seed a", work: sumOfWork([]) }]), "");
});
