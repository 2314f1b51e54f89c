import assert from "node:assert/strict";
import { it } from "node:test";
import { fetchDocuments } from "#shared/compute/duty/fetch-documents.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { accepted } from "#shared/protocol/parsed.js";

const members = ["ann", "slow", "late"].map((hotkey) => ({ hotkey }));
const committed = new Map(members.map(({ hotkey }) => [hotkey, { hotkey, hash: `of ${hotkey}`, location: "" }]));

it("a document that time ran out for is unknown, unless it could not be had while there was time", async () => {
  const failed = new Set<string>();
  const fetchAll = (isOver: boolean, failing: readonly string[]) =>
    fetchDocuments(members, {
      committed,
      failed,
      isOver: () => isOver,
      fetch: async ({ hotkey }) => {
        if (failing.includes(hotkey)) throw new BlockZeroError("FETCH_TIMEOUT", "slow", "try later");
        return accepted(hotkey);
      },
    });
  const first = await fetchAll(false, ["slow"]);
  assert.deepEqual([[...first.gone], [...first.unknown], first.isWhole], [["slow"], [], false]);
  const last = await fetchAll(true, ["slow", "late"]);
  assert.deepEqual([[...last.gone], [...last.unknown]], [["slow", "late"], ["late"]]);
  assert.deepEqual([...last.documents], [["ann", "ann"]]);
});

it("members that send theirs a byte at a time hold up nobody else's document", () => {
  const many = Array.from({ length: 100 }, (_, i) => ({ hotkey: `member ${i}` }));
  let asked = 0;
  void fetchDocuments(many, {
    committed: new Map(many.map(({ hotkey }) => [hotkey, { hotkey, hash: `of ${hotkey}`, location: "" }])),
    failed: new Set(),
    isOver: () => false,
    fetch: () => {
      asked += 1;
      return new Promise(() => {});
    },
  });
  assert.equal(asked, many.length);
});
