import assert from "node:assert/strict";
import type { LocalnetResult } from "#localnet/result.js";
import { describeLived } from "./lived.js";
import { isAlive, type LocalnetRun, PROCESSES, startLocalnet } from "./localnet-run.js";

interface Lived {
  readonly run: LocalnetRun;
  readonly result: LocalnetResult;
}

const live = async (pace: readonly string[]): Promise<Lived> => {
  const run = startLocalnet("--cycles", "2", "--seed", "7", ...pace);
  assert.equal(await run.ended, 0, run.said());
  return { run, result: run.result() };
};

describeLived<Lived>("the localnet, two cycles", live, {
  "runs as processes of their own and stops them all": ({ run }) => {
    const pids = PROCESSES.map((name) => run.pid(name));
    assert.equal(new Set(pids).size, PROCESSES.length);
    assert.deepEqual(pids.filter(isAlive), []);
  },

  "writes what tools read": ({ result }) => {
    assert.equal(result.cycles.length, 2);
    assert.match(result.genesis.modelHash, /^[0-9a-f]{64}$/);
    assert.deepEqual(Object.keys(result.genesis.valLoss).sort(), ["math", "prose"]);
    assert.deepEqual(Object.values(result.behaviours).sort(), [
      ...["copier", "honest", "honest", "honest", "honest"],
      ...["validator", "validator"],
    ]);
    assert.ok(result.seconds > 0);
    for (const { miners } of result.cycles) assert.equal(miners.length, 5);
  },

  "lowers the held-out loss of both groups in every cycle": ({ result }) => {
    for (const { cycle, valLossBefore, valLossAfter } of result.cycles)
      for (const group of ["prose", "math"])
        assert.ok(valLossAfter[group]! < valLossBefore[group]!, `cycle ${cycle}, ${group}: ${JSON.stringify(result)}`);
  },

  "makes one model: every validator commits the same hash, and each cycle goes on from the last": ({ result }) => {
    for (const { validatorsAgree, merged } of result.cycles) {
      assert.ok(validatorsAgree);
      // Of a group that takes a step along its best update, one.
      assert.ok(merged.length >= 2 && merged.length <= 4, `${merged.length} updates`);
    }
    const [first, second] = result.cycles;
    assert.deepEqual(first!.valLossBefore, result.genesis.valLoss);
    assert.deepEqual(second!.valLossBefore, first!.valLossAfter);
    assert.equal(new Set([result.genesis.modelHash, first!.modelHash, second!.modelHash]).size, 3);
  },

  "pays honest work and nothing else": ({ result }) => {
    const behaviourOf = (uid: number) => result.behaviours[uid];
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
  },

  "shows the cycles to a person": ({ run, result }) => {
    for (const { cycle, modelHash } of result.cycles)
      assert.match(run.answered(), new RegExp(`Cycle ${cycle} · model ${modelHash.slice(0, 12)} · validators agree`));
    assert.match(run.answered(), /val_bpb/);
    assert.doesNotMatch(run.answered(), /pretrain|starting|the subnet lives|block \d+ · cycle/);
  },
});
