import assert from "node:assert/strict";
import { it } from "node:test";
import { compareStated } from "#inspect/audit/compare-stated.js";
import { openFindings } from "#inspect/audit/findings.js";
import type { Reputations } from "#shared/reputation/agreed-reputations.js";
import { DEFAULT_REPUTATION, NEWCOMER } from "#shared/reputation/reputation.js";

const valued = (values: Readonly<Record<string, number>>): Reputations =>
  new Map(Object.entries(values).map(([hotkey, value]) => [hotkey, { ...NEWCOMER, value }]));

const compared = async (reputations: Reputations | null, expected: Reputations) => {
  const findings = openFindings(4);
  const stepping = { agreed: expected, closed: [], after: 2, rules: DEFAULT_REPUTATION };
  await compareStated({ validators: [], reputations }, { expected, ...stepping }, findings);
  const { divergences, notes } = findings.finish();
  assert.deepEqual(divergences, []);
  return notes;
};

it("a reputation that duty gives and on which validators did not agree is noted", async () => {
  const expected = valued({ ann: 1_000_000, bob: 0, cal: 33_334 });
  const [ann, cal, ...rest] = await compared(new Map(), expected);
  assert.match(ann!, /agreed on no reputation of ann, which is a newcomer: the duty of earlier Sprints gives /);
  assert.match(cal!, /agreed on no reputation of cal/);
  assert.deepEqual(rest, []);
  assert.deepEqual(await compared(valued({ ann: 1_000_000, cal: 33_334 }), expected), []);
  const many = valued(Object.fromEntries(Array.from({ length: 1100 }, (_, n) => [`host ${n}`, 1])));
  assert.equal((await compared(new Map(), many)).length, 1024, "no more than a document holds can be agreed on");
});

it("a Sprint that agreed on no reputations is noted, once", async () => {
  const notes = await compared(null, valued({ ann: 1_000_000, cal: 33_334 }));
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /agreed on no reputations: .*what was agreed on before goes on/);
});
