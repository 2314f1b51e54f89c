import assert from "node:assert/strict";
import { it } from "node:test";
import { minerJournalSchema } from "#miner/journal.js";

it("a miner's journal of a version that remembered no Sprints is read", () => {
  const { cycles, sprints, draws } = minerJournalSchema.parse({ cycles: { 7: { committed: 150 } } });
  assert.deepEqual([cycles, sprints, draws], [{ 7: { committed: 150 } }, [], []]);
});
