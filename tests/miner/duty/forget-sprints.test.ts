import assert from "node:assert/strict";
import { it } from "node:test";
import { forgetSprints } from "#miner/duty/forget-sprints.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";

const at = (...cycles: readonly number[]) => cycles.map((cycle) => ({ cycle }) as SprintResult);

it("a miner remembers the Sprints of the window, what came after the last of them, and those that are to come", () => {
  const known = new Map([1, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((cycle) => [cycle, cycle]));
  forgetSprints(known, 12, { results: at(4, 8), confirmations: at(9), idle: at(10, 11) });
  assert.deepEqual([...known.keys()], [4, 8, 9, 10, 11, 12]);
});
