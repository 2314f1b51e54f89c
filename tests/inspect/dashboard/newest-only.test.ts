import assert from "node:assert/strict";
import { it } from "node:test";
import { newestOnly } from "#inspect/dashboard/newest-only.js";

it("works on one at a time, and of those that come meanwhile only on the last", async () => {
  const done: number[] = [];
  let release = () => {};
  const follow = newestOnly(async ({ number }: { readonly number: number }) => {
    done.push(number);
    if (number === 1) await new Promise<void>((resolve) => (release = resolve));
  });
  const all = [1, 2, 3].map((number) => follow({ number }));
  release();
  await Promise.all(all);
  assert.deepEqual(done, [1, 3]);
  const fail = newestOnly(async () => {
    throw new Error("a bug");
  });
  await assert.rejects(fail({}), /a bug/);
  await assert.rejects(fail({}), /a bug/);
});
