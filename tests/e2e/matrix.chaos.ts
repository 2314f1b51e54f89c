import assert from "node:assert/strict";
import type { LocalnetResult } from "#localnet/result.js";
import { PHASES } from "#shared/protocol/phases.js";
import { causeChaos, doubled, type Kill, type Sightings } from "./chaos.js";
import { describeLived, type Expectations } from "./lived.js";
import { type LocalnetRun, startLocalnet } from "./localnet-run.js";

interface Lived {
  readonly run: LocalnetRun;
  readonly sightings: Sightings;
  readonly result: LocalnetResult;
}

/** What an environment variable names of these; all where it is not set. */
const chosen = <T extends string>(variable: string, all: readonly T[]): readonly T[] => {
  const wanted = process.env[variable]?.split(/[\s,]+/);
  return wanted === undefined ? all : all.filter((one) => wanted.includes(one));
};

// Every kind of process in every phase: a localnet for each process, a kill in every other cycle, each followed by a cycle in peace.
for (const process of chosen("CHAOS_PROCESSES", ["devchain", "validator-1", "validator-2", "prose-1"] as const)) {
  const kills: readonly Kill[] = chosen("CHAOS_PHASES", PHASES).map((phase, index) => ({
    cycle: 2 * index,
    phase,
    process,
  }));

  const live = async (pace: readonly string[]): Promise<Lived> => {
    const run = startLocalnet("--cycles", String(2 * kills.length), ...pace);
    const sightings = await causeChaos(run, kills);
    assert.equal(await run.ended, 0, run.said());
    return { run, sightings, result: run.result() };
  };

  const costsAtMostOne: Expectations<Lived> = Object.fromEntries(
    kills.map(({ cycle, phase }) => [
      `costs at most that cycle, in ${phase}`,
      ({ run, result }: Lived) => {
        const peaceful = result.cycles[cycle + 1]!;
        const verdicts = peaceful.miners
          .filter(({ uid }) => result.behaviours[uid] === "honest")
          .map(({ verdict }) => verdict);
        assert.deepEqual(verdicts, ["scored", "scored", "scored", "scored"], run.said());
        assert.ok(peaceful.validatorsAgree, run.said());
        for (const { uid, group, score, weight } of peaceful.miners)
          if (result.behaviours[uid] !== "honest") assert.equal(weight, 0, `uid ${uid}: ${run.said()}`);
          // A group that stood still is not paid for the cycle.
          else if (score > 0 && peaceful.steps[group!] !== 0) assert.ok(weight > 0, `uid ${uid}: ${run.said()}`);
      },
    ]),
  );

  describeLived<Lived>(`kill -9 of ${process} in any phase`, live, {
    "commits nothing twice": ({ sightings }) => {
      assert.equal(sightings.killed.length, kills.length);
      assert.deepEqual(doubled(sightings), []);
    },
    ...costsAtMostOne,
    "keeps learning": ({ run, result }) => {
      const last = result.cycles.at(-1)!.valLossAfter;
      for (const [group, loss] of Object.entries(result.genesis.valLoss)) assert.ok(last[group]! < loss, run.said());
    },
  });
}
