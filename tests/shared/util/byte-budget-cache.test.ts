import assert from "node:assert/strict";
import { it } from "node:test";
import { byteBudgetCache, bytesOfTensors } from "#shared/util/byte-budget-cache.js";

it("keeps what was made while it fits, and makes the rest again", async () => {
  const keys = [{ floats: 4 }, { floats: 100 }, { floats: 4 }, { floats: 1 }];
  const made: object[] = [];
  const keep = byteBudgetCache<object, { data: Float32Array }[]>(bytesOfTensors, 32);
  const get = (key: { readonly floats: number }) =>
    keep(key, async () => {
      made.push(key);
      return [{ data: new Float32Array(key.floats) }];
    });
  for (const _ of ["once", "twice"]) for (const key of keys) assert.equal((await get(key))[0]!.data.length, key.floats);
  assert.deepEqual(made, [...keys, keys[1], keys[3]]);
});
