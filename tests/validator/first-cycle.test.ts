import assert from "node:assert/strict";
import { it } from "node:test";
import { firstCycle } from "#validator/first-cycle.js";

it("a validator goes on with the last cycle while its model counts, whichever of its records came in time", () => {
  const first = (entry: object | undefined, phase: "distribute" | "train" = "distribute") =>
    firstCycle({ cycles: entry ? { 4: entry } : {} }, { cycle: 5, phase });
  for (const entry of [{ reported: 1 }, { exchanged: 2 }, { voted: 3 }, { model: "a hash" }])
    assert.deepEqual([first(entry), first(entry, "train"), first({ ...entry, published: 4 })], [4, 5, 5]);
  assert.equal(first(undefined), 5, "nothing is owed of a cycle that it was away in");
});
