import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkChoices } from "#owner/genesis/shard-check.js";
import { template } from "#tests/support/micro-network.js";

/** Each group has two of the four experts. */
const { model, groups } = template;

describe("a network whose routers send a group's text to other groups' experts", () => {
  it("is refused where shards are restricted, with the share that each such group's experts get", () => {
    assert.throws(() => checkChoices({ model, groups }, { math: 0.187, prose: 0.8 }), {
      code: "ROUTED_ELSEWHERE",
      message: /"math" 18\.7 % of the choices, by chance 50\.0 %$/,
      hint: /set model\.shard to \{ mode: full \}/,
    });
  });

  it("may do so a little less often than by chance", () => {
    checkChoices({ model, groups }, { math: 0.47, prose: 1 });
    const all = { math: { ...groups.math!, experts: { 0: [0, 1, 2, 3] } } };
    checkChoices({ model, groups: all }, { math: 1 - 1e-12 });
  });

  it("may do so where a shard computes with the experts that the text is sent to", () => {
    for (const shard of [{ mode: "full" }, { mode: "anchored", anchors: {} }] as const)
      checkChoices({ model: { ...model, shard }, groups }, { math: 0, prose: 1 });
  });
});
