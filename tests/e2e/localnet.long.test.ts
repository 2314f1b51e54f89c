import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LocalnetResult } from "#localnet/result.js";
import { isAlive, type LocalnetRun, PROCESSES, startLocalnet } from "./localnet-run.js";

describe("the localnet, two cycles", () => {
  let run: LocalnetRun;
  let result: LocalnetResult;
  let pids: number[];

  before(async () => {
    run = startLocalnet("--cycles", "2", "--seed", "7");
    const status = await run.ended;
    assert.equal(status, 0, run.said());
    result = run.result();
    pids = PROCESSES.map((name) => run.pid(name));
  });
  after(() => run.cleanUp());

  const behaviourOf = (uid: number) => result.behaviours[uid];

  it("runs as processes of their own and stops them all", () => {
    assert.equal(new Set(pids).size, PROCESSES.length);
    assert.deepEqual(pids.filter(isAlive), []);
  });

  it("writes what tools read", () => {
    assert.equal(result.cycles.length, 2);
    assert.match(result.genesis.modelHash, /^[0-9a-f]{64}$/);
    assert.deepEqual(Object.keys(result.genesis.valLoss).sort(), ["math", "prose"]);
    assert.deepEqual(Object.values(result.behaviours).sort(), [
      ...["copier", "honest", "honest", "honest", "honest"],
      ...["validator", "validator"],
    ]);
    assert.ok(result.seconds > 0);
    for (const { miners } of result.cycles) assert.equal(miners.length, 5);
  });

  it("lowers the held-out loss of both groups in every cycle", () => {
    for (const { cycle, valLossBefore, valLossAfter } of result.cycles)
      for (const group of ["prose", "math"])
        assert.ok(valLossAfter[group]! < valLossBefore[group]!, `cycle ${cycle}, ${group}: ${JSON.stringify(result)}`);
  });

  it("makes one model: every validator commits the same hash, and each cycle goes on from the last", () => {
    for (const { validatorsAgree, merged } of result.cycles) {
      assert.ok(validatorsAgree);
      // Of a group that takes a step along its best update, one.
      assert.ok(merged.length >= 2 && merged.length <= 4, `${merged.length} updates`);
    }
    const [first, second] = result.cycles;
    assert.deepEqual(first!.valLossBefore, result.genesis.valLoss);
    assert.deepEqual(second!.valLossBefore, first!.valLossAfter);
    assert.equal(new Set([result.genesis.modelHash, first!.modelHash, second!.modelHash]).size, 3);
  });

  it("pays honest work and nothing else", () => {
    for (const { miners } of result.cycles) {
      for (const { uid, verdict, weight, emission, score, rank } of miners) {
        const isHonest = behaviourOf(uid) === "honest";
        assert.equal(weight > 0, isHonest, `uid ${uid} is ${behaviourOf(uid)} and has weight ${weight}`);
        assert.equal(emission > 0, isHonest);
        if (isHonest) assert.deepEqual([verdict, score > 0, rank !== null], ["scored", true, true]);
      }
      assert.ok(Math.abs(miners.reduce((sum, { weight }) => sum + weight, 0) - 1) < 1e-9);
    }
    const copies = result.cycles[1]!.miners.filter(({ uid }) => behaviourOf(uid) === "copier");
    assert.deepEqual(
      copies.map(({ verdict, reason }) => [verdict, reason]),
      [["rejected", "duplicate"]],
    );
  });

  it("shows the cycles to a person", () => {
    for (const { cycle, modelHash } of result.cycles)
      assert.match(run.answered(), new RegExp(`Cycle ${cycle} · model ${modelHash.slice(0, 12)} · validators agree`));
    assert.match(run.answered(), /val_bpb/);
    assert.doesNotMatch(run.answered(), /pretrain|starting|the subnet lives|block \d+ · cycle/);
  });
});
