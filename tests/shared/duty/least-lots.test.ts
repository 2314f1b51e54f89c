import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { leastLots } from "#shared/duty/least-lots.js";
import { sha256, u64le } from "#shared/protocol/hash.js";

it("the least lots are those of all lots, sorted", async () => {
  const nonce = fc.oneof(fc.nat(1000), fc.integer({ min: 2 ** 32 - 3, max: 2 ** 48 }));
  const nonces = fc.uniqueArray(nonce, { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(nonces, fc.uint8Array({ maxLength: 8 }), fc.nat(12), async (nonces, head, count) => {
      const lots = nonces.map((nonce) => ({ nonce, lot: sha256(head, u64le(nonce)) }));
      const sorted = lots.sort((a, b) => (a.lot < b.lot ? -1 : 1)).map(({ nonce }) => nonce);
      assert.deepEqual(await leastLots(nonces, { head, count }), sorted.slice(0, count));
    }),
    { seed: 7, numRuns: 50 },
  );
});

it("events go on while many lots are hashed", async () => {
  let turns = 0;
  const count = () => {
    turns++;
    handle = setImmediate(count);
  };
  let handle = setImmediate(count);
  await leastLots(
    Array.from({ length: 4096 }, (_, nonce) => nonce),
    { head: new Uint8Array(116), count: 20 },
  );
  clearImmediate(handle);
  assert.ok(turns >= 7, `${turns} turns`);
});
