import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { advantage, advantageBeside } from "#bench/assigned-text/advantage.js";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";

const random = createRandom("assigned text");
const easiness = (count: number) => Array.from({ length: count }, () => 1 + 0.3 * normal(random));
const learnt = (text: readonly number[], by: number, more = 0) =>
  text.map((value) => by * value + more + 0.01 * normal(random));

test("an advantage is that of the own text, in standard errors", () => {
  equal(advantage({ own: [2, 4], others: [1, 3] }), 1 / Math.SQRT2);
});

test("beside trainings without a slice, easy text is no advantage and a small one shows", () => {
  const [own, others] = [easiness(64).map((value) => value + 0.2), easiness(256)];
  const neutral = { own: learnt(own, 1), others: learnt(others, 1) };
  const idle = { own: learnt(own, 0.5), others: learnt(others, 0.5) };
  const trained = { own: learnt(own, 0.5, 0.02), others: learnt(others, 0.5) };
  ok(advantage(idle) > 3, "the slice is easier");
  ok(Math.abs(advantageBeside(neutral, idle)) < 4);
  ok(advantageBeside(neutral, trained) > 8);
});
