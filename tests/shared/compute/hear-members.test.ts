import assert from "node:assert/strict";
import { it } from "node:test";
import { hearMembers } from "#shared/compute/duty/hear-members.js";
import { BlockZeroError } from "#shared/errors/error.js";

const members = ["ann", "slow", "late"].map((hotkey) => ({ hotkey }));
const committed = new Map(members.map(({ hotkey }) => [hotkey, { hotkey, hash: `of ${hotkey}`, location: "" }]));

it("a document that time ran out for is unknown, unless it could not be had while there was time", async () => {
  const failed = new Set<string>();
  const hear = (isOver: boolean, failing: readonly string[]) =>
    hearMembers(members, {
      committed,
      failed,
      isOver: () => isOver,
      fetch: async ({ hotkey }) => {
        if (failing.includes(hotkey)) throw new BlockZeroError("FETCH_TIMEOUT", "slow", "try later");
        return { document: hotkey };
      },
    });
  const first = await hear(false, ["slow"]);
  assert.deepEqual([[...first.gone], [...first.unknown], first.isWhole], [["slow"], [], false]);
  const last = await hear(true, ["slow", "late"]);
  assert.deepEqual([[...last.gone], [...last.unknown]], [["slow", "late"], ["late"]]);
  assert.deepEqual([...last.documents], [["ann", "ann"]]);
});
