import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { DEFAULT_FETCH_LIMITS, watchFetch } from "#shared/blobs/fetch-limits.js";
import { BlockZeroError } from "#shared/errors/error.js";

/** Seconds until a fetch at some rate is cut, or null for one of `total` bytes that is not. */
const secondsOf = (t: TestContext, rateAt: (second: number) => number, total: number): number | null => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  let [received, second] = [0, 0];
  const watch = watchFetch(
    "http://a",
    () => received,
    DEFAULT_FETCH_LIMITS,
    () => 1000 * second,
  );
  while (received < total && !watch.signal.aborted) {
    second += 1;
    received += rateAt(second);
    t.mock.timers.tick(1000);
  }
  watch.stop();
  t.mock.timers.reset();
  if (!watch.signal.aborted) return null;
  assert.ok(watch.signal.reason instanceof BlockZeroError && watch.signal.reason.code === "FETCH_TIMEOUT");
  return second;
};

const GIB = 2 ** 30;

describe("the time of a fetch", () => {
  it("is as long as a large blob needs at the least rate", (t) => {
    assert.equal(
      secondsOf(t, () => 600_000, GIB),
      null,
    );
  });

  it("ends soon after the grace for one that trickles, whatever its size", (t) => {
    for (const total of [10 << 20, GIB, 100 * GIB]) {
      const seconds = secondsOf(t, () => 5000, total)!;
      assert.ok(seconds >= 120 && seconds <= 123, String(seconds));
    }
  });

  it("ends where nothing comes", (t) => {
    assert.equal(
      secondsOf(t, () => 0, GIB),
      10,
    );
    assert.equal(
      secondsOf(t, (second) => (second <= 300 ? 2e6 : 0), GIB),
      310,
    );
  });

  it("ends where a rate falls and stays low", (t) => {
    const seconds = secondsOf(t, (second) => (second <= 100 ? 1 << 20 : 10_000), GIB)!;
    assert.ok(seconds > 320 && seconds < 330, String(seconds));
  });

  it("is not made longer by bytes that were given up", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    let [received, now] = [GIB, 0];
    const watch = watchFetch(
      "http://a",
      () => received,
      { ...DEFAULT_FETCH_LIMITS, windowMs: 1e9 },
      () => now,
    );
    received = 1;
    now = 120_000;
    t.mock.timers.tick(120_000);
    assert.ok(watch.signal.aborted);
    watch.stop();
  });
});
