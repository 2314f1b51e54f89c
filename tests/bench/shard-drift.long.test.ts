import assert from "node:assert/strict";
import { test } from "node:test";
import { type Drifted, learnOn } from "#bench/shards/drift.js";
import { localnetBase } from "#bench/shards/localnet-bases.js";
import { mean } from "#shared/util/mean.js";
import { device } from "#tests/shared/model/micro.js";

test("text stays with a group's experts where the training keeps it there, and its shard computes more nearly what the whole model does", async (t) => {
  const making = { device, pretraining: 60, steps: 60, signal: t.signal };
  const base = await localnetBase(making);
  const after = async (affinity: number): Promise<readonly Drifted[]> => {
    const all: Drifted[] = [];
    const way = { mode: "restricted", affinity } as const;
    for await (const one of learnOn(device, base, { way, cycles: 3, signal: t.signal })) all.push(one);
    assert.equal(all.length, 4 * 2);
    return all.slice(-2);
  };
  const [without, kept] = [await after(0), await after(0.1)];
  const gap = (groups: readonly Drifted[]) => mean(groups.map(({ whole, shard }) => whole - shard));
  const own = (groups: readonly Drifted[]) => mean(groups.map(({ ownChoices }) => ownChoices));
  assert.ok(own(kept) > own(without) + 0.003, `${own(kept)} ${own(without)}`);
  assert.ok(gap(kept) < gap(without) - 0.003, `${gap(kept)} ${gap(without)}`);
});
