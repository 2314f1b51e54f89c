import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkChoices, checkShard } from "#owner/genesis/shard-check.js";
import { template } from "#tests/support/micro-network.js";

/** Each group has two of the four experts. */
const { model, groups } = template;

describe("a shard that computes another loss than the whole model", () => {
  const of = (shard: number, whole = 2) => ({ group: "a", whole, shard, others: { full: whole } });

  it("is told by the margin alone, and a loss that is no number differs", () => {
    checkShard(of(2.01), "restricted", 0.02);
    for (const shard of [2.03, 1.97, Number.NaN])
      assert.throws(() => checkShard(of(shard), "restricted", 0.02), { code: "SHARD_DIFFERS" });
  });

  it("is not what is wrong where the whole model has no loss", () => {
    for (const whole of [Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => checkShard(of(whole, whole), "restricted", 0.02), {
        code: "CHECKPOINT_NOT_FINITE",
        message: /^the model's loss on the text of "a" is (NaN|Infinity)$/,
      });
  });
});

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
