import assert from "node:assert/strict";
import type { LocalnetResult } from "#localnet/result.js";
import { causeChaos, doubled, type Kill, type Sightings } from "./chaos.js";
import { describeLived } from "./lived.js";
import { type LocalnetRun, startLocalnet } from "./localnet-run.js";

/** One of each kind of process, each in a phase where it has something to lose. The whole matrix is `npm run test:chaos`. */
const KILLS: readonly Kill[] = [
  { cycle: 0, phase: "train", process: "prose-1" },
  { cycle: 0, phase: "commit", process: "devchain" },
  { cycle: 0, phase: "reveal", process: "math-1" },
  { cycle: 0, phase: "evaluate", process: "validator-2" },
  { cycle: 0, phase: "merge", process: "validator-1" },
];

interface Lived {
  readonly run: LocalnetRun;
  readonly sightings: Sightings;
  readonly result: LocalnetResult;
}

const live = async (pace: readonly string[]): Promise<Lived> => {
  const run = startLocalnet("--cycles", "2", "--seed", "3", ...pace);
  const sightings = await causeChaos(run, KILLS);
  assert.equal(await run.ended, 0, run.said());
  return { run, sightings, result: run.result() };
};

describeLived<Lived>("kill -9 in the first cycle", live, {
  "killed what it meant to, and every process came back": ({ run, sightings }) => {
    assert.equal(sightings.killed.length, KILLS.length);
    for (const { process } of KILLS)
      assert.match(run.said(), new RegExp(`${process} died \\(SIGKILL\\) and is started`));
  },

  "commits nothing twice": ({ sightings }) => {
    assert.deepEqual(doubled(sightings), []);
    assert.ok(sightings.records.size > 0);
  },

  "costs at most that cycle": ({ run, result }) => {
    const [, second] = result.cycles;
    assert.ok(second!.validatorsAgree, run.said());
    for (const { uid, verdict } of second!.miners)
      if (result.behaviours[uid] === "honest") assert.equal(verdict, "scored", run.said());
    for (const group of ["prose", "math"])
      assert.ok(second!.valLossAfter[group]! < second!.valLossBefore[group]!, run.said());
  },

  "keeps what was committed before the kill": ({ result }) => {
    const revealed = result.cycles[0]!.miners.filter(({ uid }) => result.behaviours[uid] === "honest");
    assert.ok(revealed.filter(({ verdict }) => verdict === "scored").length >= 3, JSON.stringify(revealed));
  },
});
