import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Drifted, learnOn } from "#bench/shards/drift.js";
import { localnetBase } from "#bench/shards/localnet-bases.js";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import { mean } from "#shared/util/mean.js";
import { device } from "#tests/shared/model/micro.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const CYCLES = 5;

/** Nats a token that each cycle takes off the whole model's loss at least: half of the least fall in these cycles when this was written. */
const LEAST_FALL = 0.008;

/** What each group's cycles come to with the settings of docs/by-hand.md. */
const live = async (affinity: number, signal: AbortSignal): Promise<readonly Drifted[]> => {
  const base = await localnetBase({ device, pretraining: 100, steps: 160, signal });
  const way = { mode: "restricted", affinity } as const;
  const all: Drifted[] = [];
  for await (const one of learnOn(device, base, { way, cycles: CYCLES, signal })) all.push(one);
  return all;
};

describe("the settings of docs/by-hand.md", { timeout: 2 * HANG_GUARD }, () => {
  it("have both groups learn in every cycle", { timeout: HANG_GUARD }, async (t) => {
    const { training } = loadConfig(minerSettings, { env: {}, flags: { expert_group: "math" } });
    const lived = await live(training.affinity, t.signal);
    for (const { group, cycle, fall } of fallsOf(lived))
      assert.ok(fall >= LEAST_FALL, `${group} falls by ${fall} in cycle ${cycle}`);
    const { own, gap } = lastOf(lived);
    assert.ok(own > 0.95, `own choices ${own}`);
    assert.ok(gap < 0.07, `whole model's loss above the shard's ${gap}`);
  });

  it("have a group stand still without what keeps its text with its experts", { timeout: HANG_GUARD }, async (t) => {
    const lived = await live(0, t.signal);
    const falls = fallsOf(lived).map(({ fall }) => fall);
    assert.ok(Math.min(...falls) < LEAST_FALL / 2, `${falls}`);
    const { own, gap } = lastOf(lived);
    assert.ok(own < 0.95, `own choices ${own}`);
    assert.ok(gap > 0.07, `whole model's loss above the shard's ${gap}`);
  });
});

/** How far each cycle takes each group's loss of the whole model down. */
const fallsOf = (all: readonly Drifted[]) =>
  all.flatMap(({ group, cycle, whole }) => {
    const before = all.find((one) => one.group === group && one.cycle === cycle - 1);
    return before ? [{ group, cycle, fall: before.whole - whole }] : [];
  });

/** After the last cycle, means of both groups: share of the router's choices that are their own, and the whole model's loss above the shard's. */
const lastOf = (all: readonly Drifted[]) => {
  const last = all.filter(({ cycle }) => cycle === CYCLES);
  return {
    own: mean(last.map(({ ownChoices }) => ownChoices)),
    gap: mean(last.map(({ whole, shard }) => whole - shard)),
  };
};
