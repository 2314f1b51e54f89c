import assert from "node:assert/strict";
import { it } from "node:test";
import { readingProgress } from "#inspect/dashboard/reading-progress.js";

it("a cycle is read until it is over, and remembered only as long as it is kept", () => {
  const progress = readingProgress({ first: 3, kept: 5, tries: 2 });
  assert.equal(progress.oldest(4), 3);
  progress.over(3);
  progress.failed(4);
  assert.deepEqual([progress.isOver(3), progress.isOver(4), progress.isOver(5)], [true, false, false]);
  progress.failed(4);
  assert.ok(progress.isOver(4));
  for (let cycle = 5; cycle < 1000; cycle++) {
    assert.equal(progress.oldest(cycle), Math.max(3, cycle - 4));
    if (cycle % 7 === 0) progress.failed(cycle);
    else progress.over(cycle);
    assert.ok(progress.size <= 5);
  }
});
