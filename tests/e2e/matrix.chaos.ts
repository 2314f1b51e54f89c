import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LocalnetResult } from "#owner/localnet/result.js";
import { PHASES } from "#shared/protocol/phases.js";
import { causeChaos, doubled, type Kill, type Sightings } from "./chaos.js";
import { type LocalnetRun, startLocalnet } from "./localnet-run.js";

/** Every kind of process in every phase, a kill a cycle, each followed by a cycle in peace. */
const KILLS: readonly Kill[] = (["devchain", "validator-1", "validator-2", "prose-1"] as const).flatMap(
  (process, row) => PHASES.map((phase, column) => ({ cycle: 2 * (row * PHASES.length + column), phase, process })),
);

describe("kill -9 of any process in any phase", () => {
  let run: LocalnetRun;
  let sightings: Sightings;
  let result: LocalnetResult;

  before(async () => {
    run = startLocalnet("--cycles", String(2 * KILLS.length));
    sightings = await causeChaos(run, KILLS);
    assert.equal(await run.ended, 0, run.said());
    result = run.result();
  });
  after(() => run.cleanUp());

  it("commits nothing twice", () => {
    assert.equal(sightings.killed.length, KILLS.length);
    assert.deepEqual(doubled(sightings), []);
  });

  for (const { cycle, phase, process } of KILLS)
    it(`costs at most that cycle: ${process} in ${phase}`, () => {
      const peaceful = result.cycles[cycle + 1]!;
      const verdicts = peaceful.miners
        .filter(({ uid }) => result.behaviours[uid] === "honest")
        .map(({ verdict }) => verdict);
      assert.deepEqual(verdicts, ["scored", "scored", "scored", "scored"]);
      assert.ok(peaceful.validatorsAgree);
      assert.ok(peaceful.miners.every(({ uid, weight }) => weight > 0 === (result.behaviours[uid] === "honest")));
    });

  it("keeps learning", () => {
    const last = result.cycles.at(-1)!.valLossAfter;
    for (const [group, loss] of Object.entries(result.genesis.valLoss)) assert.ok(last[group]! < loss);
  });
});
