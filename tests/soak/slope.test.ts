import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { judge, type Point, pooledSlope } from "./slope.js";

const line = (slope: number, count: number, segment = "a", start = 0, noise = 0): Point[] => {
  const random = createRandom(`${segment} ${slope}`);
  return Array.from({ length: count }, (_, i) => ({
    x: start + i,
    y: 100 + slope * (start + i) + noise * (random.next() - 0.5),
    segment,
  }));
};

describe("a slope", () => {
  it("is that of a straight line, with no doubt", () => {
    const found = pooledSlope(line(0.25, 10), 0)!;
    assert.ok(Math.abs(found.slope - 0.25) < 1e-12 && found.high - found.low < 1e-9);
    assert.equal(found.count, 10);
  });

  it("leaves out the warm-up, of each segment", () => {
    const warm = { x: -1, y: 0, segment: "a" };
    assert.ok(Math.abs(pooledSlope([warm, ...line(0, 9)], 1)!.slope) < 1e-12);
    const jumped = [...line(0, 9), { ...warm, segment: "b" }, ...line(0, 9, "b", 20)];
    assert.ok(Math.abs(pooledSlope(jumped, 1)!.slope) < 1e-12);
  });

  it("does not take a restart, after which a process is smaller, for its falling", () => {
    const before = line(1, 20);
    const after = line(1, 20, "b", 20).map((point) => ({ ...point, y: point.y - 20 }));
    assert.ok(Math.abs(pooledSlope([...before, ...after], 2)!.slope - 1) < 1e-9);
  });

  it("is in its interval as often as that says", () => {
    let within = 0;
    for (let run = 0; run < 400; run++) {
      const { low, high } = pooledSlope(line(0.1, 12, `${run}`, 0, 5), 2)!;
      if (low <= 0.1 && high >= 0.1) within++;
    }
    assert.ok(within > 0.91 * 400 && within < 0.99 * 400, String(within));
  });

  it("is judged by its interval", () => {
    const of = (low: number, high: number) => ({ count: 9, mean: 1, slope: (low + high) / 2, low, high });
    assert.deepEqual(
      [of(-1, 1), of(-1, 3), of(2.1, 3), null].map((slope) => judge(slope, 2)),
      ["flat", "undecided", "grows", "too few"],
    );
    assert.equal(pooledSlope(line(1, 4), 2), null);
  });
});
