import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pagedKeys } from "#shared/chain/subtensor/paged-keys.js";

const PREFIX = "0xab";
const HASH = `0x${"11".repeat(32)}` as const;
const keyOf = (i: number) => `${PREFIX}${i.toString(16).padStart(8, "0")}`;
const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => keyOf(first + i));

/** Asks of which more are a fault of the reader: it would go on for ever. */
const ENOUGH = 1000;

/** A node that lists what `page` gives, and how often it was asked. */
const node = (page: (after: string | null) => readonly string[]) => {
  let asked = 0;
  const ask = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
    assert.equal(method, "state_getKeysPaged");
    asked += 1;
    assert.ok(asked < ENOUGH, "it asks without end");
    const [prefix, count, after, hash] = params;
    assert.deepEqual([prefix, count, hash], [PREFIX, 1000, HASH]);
    return page(after === null ? null : String(after));
  };
  return { ask, asked: () => asked };
};

describe("keys of a chain's state, page by page", () => {
  it("are all keys of the item, also where they fill the last page", async () => {
    for (const count of [0, 999, 1000, 2500]) {
      const all = from(0, count);
      const { ask } = node((after) => all.filter((key) => after === null || key > after).slice(0, 1000));
      assert.deepEqual(await pagedKeys(ask, PREFIX, HASH), all);
    }
  });

  it("are asked for no longer where a node lists the same page again", async () => {
    const { ask, asked } = node(() => from(0, 1000));
    await assert.rejects(pagedKeys(ask, PREFIX, HASH), /same keys again/);
    assert.equal(asked(), 2);
  });

  it("are asked for no longer where there is always another page, or one that no item has", async () => {
    const next = (after: string | null) => (after === null ? 0 : Number.parseInt(after.slice(PREFIX.length), 16) + 1);
    const endless = node((after) => from(next(after), 1000));
    await assert.rejects(pagedKeys(endless.ask, PREFIX, HASH), /without end/);
    await assert.rejects(pagedKeys(node(() => [`${PREFIX}${"00".repeat(4096)}`]).ask, PREFIX, HASH), /no item/);
    await assert.rejects(pagedKeys(node(() => from(0, 1001)).ask, PREFIX, HASH));
  });
});
