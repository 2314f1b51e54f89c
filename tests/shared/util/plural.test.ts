import assert from "node:assert/strict";
import { it } from "node:test";
import { plural } from "#shared/util/plural.js";

it("one thing is not said in the plural, and none is", () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => plural(count, "report")),
    ["0 reports", "1 report", "2 reports"],
  );
  assert.deepEqual(
    [1, 2].map((count) => plural(count, "pass", "passes")),
    ["1 pass", "2 passes"],
  );
});
