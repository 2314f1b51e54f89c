import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { models } from "./arena/models/index.js";
import { judgeReal, REAL } from "./honest/real.js";
import { judgeSimulated } from "./honest/simulated.js";

/** `npm run attacks -- --honest` judges some thousands more. */
describe("honest miners", { timeout: HANG_GUARD }, () => {
  it("are never rejected for how large, noisy or alike their updates are", async (t) => {
    const work = await judgeSimulated(t, { codec: "int8", submissions: 60, seed: "honest" });
    assert.equal(work.rejected + work.abstained, 0, JSON.stringify(work));
  });

  it("are never rejected in a small group on a young model", async (t) => {
    const [result] = await judgeReal(t, { model: models.micro, seed: "honest", stage: 0.2, rates: [1], sizes: [2, 3] });
    assert.equal(result!.work.submissions, 5);
    assert.equal(result!.work.rejected + result!.work.abstained, 0, JSON.stringify(result));
  });

  it("do work that is worth something at every stage of the model", async (t) => {
    const { micro } = models;
    for (const stage of REAL.stages)
      for (const seed of ["arena 1", "arena 3"]) {
        const [result] = await judgeReal(t, { model: micro, seed, stage, rates: [1], sizes: [3] });
        assert.equal(result!.work.worthless, 0, `${seed}, ${stage} of the pretraining: ${JSON.stringify(result)}`);
      }
  });
});
