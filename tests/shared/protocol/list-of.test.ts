import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { listOf } from "#shared/protocol/list-of.js";

/** A list of a document, of which it is counted how many elements are looked at. */
const counting = () => {
  let looked = 0;
  const element = z.strictObject({ id: z.int().max(9) }).refine(() => ++looked > 0);
  const document = z.strictObject({ list: listOf(element, 4, 1) }).refine(({ list }) => list.length > 0);
  const parse = (list: unknown) => parseCanonical(Buffer.from(JSON.stringify({ list })), document, 1 << 20);
  return { parse, looked: () => looked };
};

describe("a list of a document", () => {
  it("is what its elements are", () => {
    const { parse } = counting();
    assert.deepEqual(parse([{ id: 1 }, { id: 2 }]), { ok: true, value: { list: [{ id: 1 }, { id: 2 }] } });
  });

  it("is refused at the first element that is another, with its place", () => {
    const { parse, looked } = counting();
    const found = parse([{ id: 1 }, { id: 10 }, { id: 3 }, { id: 4 }]);
    assert.match(found.ok ? "" : found.problem, /^list\.1\.id: Too big/);
    assert.equal(looked(), 2, "none after it");
  });

  it("is refused where it is too long or short before an element is looked at", () => {
    const { parse, looked } = counting();
    for (const list of [new Array(100_000).fill({ id: 1 }), [], {}, 1]) assert.ok(!parse(list).ok);
    assert.equal(looked(), 0);
  });
});
