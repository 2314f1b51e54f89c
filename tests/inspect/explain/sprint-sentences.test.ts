import assert from "node:assert/strict";
import { test } from "node:test";
import type { SprintFacts } from "#inspect/explain/explain-sprint.js";
import { sprintSentences } from "#inspect/explain/sprint-sentences.js";
import type { SprintOutcome } from "#shared/compute/outcome.js";

const settled = (change: Partial<SprintOutcome>): SprintOutcome => ({
  ...{ uid: 3, hotkey: "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty", difficulty: 20, proof: "a".repeat(64) },
  ...{ wins: 500, nonces: 10_000, outcome: "unopposed", fault: null, nonce: null },
  ...{ validBy: 0.4, invalidBy: 0, validWithUnheard: 0.4, measured: 10_000, low: 9000, high: 11_000 },
  ...change,
});

const sentences = (outcome: SprintOutcome): string =>
  sprintSentences({
    ...{ profile: "exact", required: null, confirmed: null, part: 1, said: [], unknown: [], duty: null },
    ...{ sprints: [{ cycle: 6, outcome }], confirmations: [] },
    idle: [{ cycle: 7, outcome, needed: 100, utilisation: null }],
  } satisfies SprintFacts).join("\n");

test("a proof that is unopposed is told by the checks that count, and the unheard apart", () => {
  const heard =
    /Validators with 40\.0 % of the stake found it valid in checks that count, more than half of what is there/g;
  assert.equal(sentences(settled({})).match(heard)?.length, 2);
  const both = sentences(settled({ validWithUnheard: 0.85 }));
  assert.equal(
    both.match(/40\.0 % of the stake .* and with those whose checks do not count 85\.0 %, more/g)?.length,
    2,
  );
  for (const text of [sentences(settled({})), both])
    assert.match(text, /in checks that count more than half of all is needed/);
});

test("where more than half is needed, what is not settled has no greater share", () => {
  const text = sentences(settled({ outcome: "undecided", validWithUnheard: 0.85 }));
  assert.equal(
    text.match(/Validators with 40\.0 % of the stake found it valid, where more than half is needed/g)?.length,
    2,
  );
  assert.doesNotMatch(text, /85\.0 %/);
});

test("an idle window that is not settled says nothing, unless it claims too little, and one that is withheld upholds nothing", () => {
  for (const outcome of ["unopposed", "undecided"] as const) {
    assert.match(sentences(settled({ outcome, measured: 100 })), /it is not settled, and says nothing\./);
    const little = sentences(settled({ outcome, measured: 99 }));
    assert.match(little, /it is not settled, and does not uphold the weight, for it claims too little\./);
  }
  const text = sentences(settled({ outcome: "withheld" }));
  assert.match(text, /more than half of the stake that is there could not fetch its proof: what is not shown does not/);
});
