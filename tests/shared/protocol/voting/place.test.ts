import assert from "node:assert/strict";
import { it } from "node:test";
import { placeIn } from "#shared/protocol/voting/place.js";

it("a place in a group goes by the scores above zero, and nothing else has one", () => {
  const of = (group: string | null, score: number) => ({ group, score });
  const outcomes = [of("math", 0.2), of("math", 0.1), of("math", 0.1), of("math", 0), of("prose", 0.3), of(null, 0)];
  assert.deepEqual(
    outcomes.map((outcome) => placeIn(outcomes, outcome)),
    [1, 2, 2, null, 1, null],
  );
});
