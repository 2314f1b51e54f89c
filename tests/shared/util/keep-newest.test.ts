import assert from "node:assert/strict";
import { it } from "node:test";
import { keepNewest } from "#shared/util/keep-newest.js";

it("what was inserted last stays, of maps and of sets", () => {
  const map = new Map<number, string>([1, 2, 3, 4].map((key) => [key, `${key}`]));
  map.delete(1);
  map.set(1, "again");
  keepNewest(map, 2);
  assert.deepEqual(
    [...map],
    [
      [4, "4"],
      [1, "again"],
    ],
  );
  const set = new Set([1, 2]);
  keepNewest(set, 2);
  assert.equal(set.size, 2);
  keepNewest(set, 0);
  assert.equal(set.size, 0);
});
