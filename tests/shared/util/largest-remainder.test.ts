import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { largestRemainder } from "#shared/util/largest-remainder.js";

const shared = (amount: bigint, weights: Readonly<Record<string, bigint>>, compare: (a: string, b: string) => number) =>
  Object.fromEntries(
    largestRemainder(
      amount,
      Object.entries(weights).map(([name, weight]) => ({ name, weight })),
      compare,
    ),
  );
const ascending = (a: string, b: string) => (a < b ? -1 : 1);

it("the largest remainders are served, and among equal ones who comes first", () => {
  assert.deepEqual(shared(10n, { a: 1n, b: 2n, c: 4n }, ascending), { a: 1n, b: 3n, c: 6n });
  assert.deepEqual(shared(2n, { a: 1n, b: 1n, c: 1n }, ascending), { a: 1n, b: 1n, c: 0n });
  assert.deepEqual(
    shared(2n, { a: 1n, b: 1n, c: 1n }, (a, b) => -ascending(a, b)),
    { a: 0n, b: 1n, c: 1n },
  );
  assert.deepEqual(shared(5n, { a: 0n, b: 0n }, ascending), { a: 0n, b: 0n });
});

it("shares add up to the amount, each is within a unit of its quota, and no weight is no share", () => {
  const amount = fc.bigInt({ min: 0n, max: 10n ** 18n });
  const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 18n }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(amount, weights, (whole, all) => {
      const total = all.reduce((sum, weight) => sum + weight, 0n);
      fc.pre(total > 0n);
      const parts = all.map((weight, i) => ({ name: `${i}`, weight }));
      const shares = [...largestRemainder(whole, parts, ascending).values()];
      assert.equal(
        shares.reduce((sum, share) => sum + share, 0n),
        whole,
      );
      for (const [i, share] of shares.entries()) {
        const over = share * total - whole * all[i]!;
        assert.ok(-total < over && over < total && (all[i]! > 0n || share === 0n));
      }
    }),
    { seed: 3 },
  );
});
