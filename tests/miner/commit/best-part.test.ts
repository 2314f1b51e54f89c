import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bestPart, type PartMeter } from "#miner/commit/best-part.js";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";

interface Shape {
  /** Part of the update at which the loss is lowest; below 0 the update goes the wrong way. */
  readonly lowest: number;
  /** How much the loss falls there, or how steeply it rises. */
  readonly depth: number;
  /** Spread of a batch's loss that the whole update adds. */
  readonly noise: number;
}

/** A loss that falls and rises with the part as a parabola does, from 3 nats, on batches that differ by a nat. */
const meterOf = (seed: string, { lowest, depth, noise }: Shape) => {
  const asked: { readonly part: number | null; readonly lot: number }[] = [];
  const losses: PartMeter["losses"] = async (part, lot, batches) => {
    asked.push({ part, lot });
    const random = createRandom(`${seed} ${lot}`);
    return Array.from({ length: batches }, () => {
      const [level, own] = [3 + normal(random), normal(random)];
      if (part === null) return level;
      return level + depth * ((part / lowest) ** 2 - (2 * part) / lowest) + noise * part * own;
    });
  };
  return { asked, losses };
};

const chosen = async (shape: Shape, seed = "parts") => (await bestPart(meterOf(seed, shape)))?.part ?? null;

describe("the best part of an update", () => {
  it("is the whole where it gains nearly as much as any", async () => {
    assert.equal(await chosen({ lowest: 1, depth: 0.1, noise: 0.02 }), 1);
    assert.equal(await chosen({ lowest: 0.8, depth: 0.1, noise: 0.02 }), 1);
  });

  it("is the one nearest to the lowest loss where the whole goes too far", async () => {
    assert.equal(await chosen({ lowest: 0.45, depth: 0.1, noise: 0.02 }), 1 / 2);
    assert.equal(await chosen({ lowest: 0.25, depth: 0.1, noise: 0.02 }), 1 / 4);
    assert.equal(await chosen({ lowest: 0.12, depth: 0.1, noise: 0.02 }), 1 / 8);
    assert.equal(await chosen({ lowest: 0.08, depth: 0.1, noise: 0.02 }), 1 / 8);
  });

  it("is none where even an eighth goes too far, or the wrong way", async () => {
    assert.equal(await chosen({ lowest: 0.05, depth: 0.1, noise: 0.02 }), null);
    assert.equal(await chosen({ lowest: -0.5, depth: 0.1, noise: 0.02 }), null);
  });

  it("is none of noise in more than a twentieth of all cases", async () => {
    const noise = { lowest: 1, depth: 0, noise: 1 };
    let found = 0;
    for (let cycle = 0; cycle < 400; cycle++) if ((await chosen(noise, `noise ${cycle}`)) !== null) found++;
    assert.ok(found <= 20, `${found} of 400`);
  });

  it("says what it gains, and how sure that is", async () => {
    const found = await bestPart(meterOf("parts", { lowest: 0.25, depth: 0.1, noise: 0.02 }));
    assert.ok(found);
    assert.ok(Math.abs(found.lossReduction - 0.1) < 4 * found.standardError, JSON.stringify(found));
    assert.ok(found.batches >= 16 && found.batches <= 32, JSON.stringify(found));
  });

  it("passes over parts after which a loss is no number", async () => {
    const { losses } = meterOf("parts", { lowest: 0.25, depth: 0.1, noise: 0.02 });
    const diverging: PartMeter["losses"] = async (part, lot, batches) =>
      part !== null && part > 0.2 ? Array.from({ length: batches }, () => Number.NaN) : losses(part, lot, batches);
    assert.equal((await bestPart({ losses: diverging }))?.part, 1 / 8);
  });

  it("measures every part on the same text, the same each time, and not for ever", async () => {
    const shape = { lowest: 1, depth: 0.0005, noise: 0.01 };
    const [first, again] = [meterOf("long", shape), meterOf("long", shape)];
    assert.deepEqual(await bestPart(first), await bestPart(again));
    assert.deepEqual(first.asked, again.asked);
    assert.ok(first.asked.length <= 20, `${first.asked.length} lots of 8`);
    assert.ok(first.asked.every(({ lot }) => lot < 4));
  });

  it("is none where no part was measured before time was up", async () => {
    const meter = meterOf("late", { lowest: 0.25, depth: 0.1, noise: 0.02 });
    assert.equal(await bestPart({ ...meter, time: { now: () => 0, left: () => 0 } }), null);
  });
});
