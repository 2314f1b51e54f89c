import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { directionsInMemory } from "#bench/directions-in-memory.js";
import { directionsOf } from "#bench/learning/runs.js";
import { type FloatTensors, l2Norm } from "#shared/artifact/update.js";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";
import type { GroupMeter } from "#shared/evaluation/loss-meter.js";
import { groupShapeMap } from "#shared/model/groups.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Network } from "#shared/protocol/network.js";

import { mean } from "#shared/util/mean.js";
import { parameters, template } from "#tests/support/micro-network.js";

const GROUP = "math";
const GAIN = 0.3;
const network: Network = { ...template, genesis: "0".repeat(64), scoring: { ...template.scoring, top_n: 8 } };
const shapes = groupShapeMap(network, GROUP);

const drawn = (seed: string): FloatTensors => {
  const random = createRandom(seed);
  const elements = ([name, shape]: readonly [string, readonly number[]]) => {
    const data = Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () =>
      normal(random),
    );
    return [name, { shape, data }] as const;
  };
  return new Map([...shapes].map(elements));
};

const sum = (a: FloatTensors, b: FloatTensors): FloatTensors =>
  new Map(
    [...a].map(([name, { shape, data }]) => [name, { shape, data: data.map((x, i) => x + b.get(name)!.data[i]!) }]),
  );

const scaled = (a: FloatTensors, factor: number): FloatTensors =>
  new Map([...a].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => factor * x) }]));

const dot = (a: FloatTensors, b: FloatTensors): number => {
  let product = 0;
  for (const [name, { data }] of a) for (const [i, x] of data.entries()) product += x * b.get(name)!.data[i]!;
  return product;
};

/** Each update lowers every batch's loss alike. */
const losses: GroupMeter["losses"] = async (update, batches) =>
  batches.map((_, i) => 3 + (i % 2) / 10 - (update ? GAIN : 0));
const meter = { ofGroup: async () => ({ losses }) } as unknown as Parameters<typeof directionsOf>[0]["meter"];

describe("the directions of the bench of learning", () => {
  it("have a training under four hotkeys weigh as each of the others, as in the network", async () => {
    const signal = drawn("signal");
    const noises = [0, 1, 2, 3].map((miner) => drawn(`noise ${miner}`));
    const trainings = noises.map((noise) => sum(signal, noise));
    const updates = [...trainings, ...Array.from({ length: 3 }, () => trainings[0]!)];
    const course = { network, group: GROUP, meter };
    const { merged } = await directionsOf(course, { model: parameters, momentum: null, updates, cycle: 1 });
    const [copied, ...others] = noises.map((noise) => dot(merged!, noise) / dot(noise, noise));
    assert.ok(copied! < 2 * mean(others), `${copied} beside ${others}`);
  });
});

describe("directions of updates in memory", () => {
  it("have the length that those say who lower the loss, however many others there are", () => {
    const update = drawn("update");
    const scored = Array.from({ length: 8 }, (_, miner) => {
      const isShort = miner >= 3;
      const hotkey = `miner ${miner}`;
      return {
        ...{ hotkey, group: GROUP, artifact: sha256(Buffer.from(hotkey)), independence: 1 },
        ...{ score: isShort ? 0 : GAIN, lossReduction: isShort ? 0 : GAIN },
        update: isShort ? scaled(update, 0.01) : update,
      };
    });
    const { merge } = network.training;
    const { all, merged, best } = directionsInMemory(scored, { topN: 8, merge, momentum: null });
    const partOf = (direction: FloatTensors | null) => l2Norm(direction!.values()) / l2Norm(update.values());
    assert.ok(Math.abs(partOf(all) - 3.05 / 8) < 1e-6, String(partOf(all)));
    assert.ok(Math.abs(partOf(merged) - 1) < 1e-6 && Math.abs(partOf(best) - 1) < 1e-6);
  });
});
