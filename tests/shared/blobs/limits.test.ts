import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { prioritySlots } from "#shared/blobs/priority-slots.js";
import { tokenBuckets } from "#shared/blobs/token-buckets.js";
import { contentRange, contentRangeStart, requestedRange } from "#shared/files/byte-range.js";

const { signal } = new AbortController();

describe("byte ranges", () => {
  it("name the bytes that are asked for", () => {
    const cases: readonly (readonly [string, ReturnType<typeof requestedRange>])[] = [
      ["bytes=0-0", { start: 0, end: 1 }],
      ["bytes=3-", { start: 3, end: 10 }],
      ["bytes=3-99", { start: 3, end: 10 }],
      ["bytes=-4", { start: 6, end: 10 }],
      ["bytes=-40", { start: 0, end: 10 }],
      ["bytes=10-", "unsatisfiable"],
      ["bytes=-0", "unsatisfiable"],
      ["bytes=5-3", null],
      ["bytes=-", null],
      ["bytes=0-1,3-4", null],
      ["items=0-1", null],
      ["bytes=1e3-", null],
    ];
    for (const [header, expected] of cases) assert.deepEqual(requestedRange(header, 10), expected, header);
    assert.equal(requestedRange(undefined, 10), null);
  });

  it("never leave the body, whatever the header", () => {
    const header = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
    );
    const property = fc.property(header, fc.nat(), (text, size) => {
      const range = requestedRange(text, size);
      if (range === null || range === "unsatisfiable") return;
      assert.ok(range.start >= 0 && range.start < range.end && range.end <= size);
      assert.equal(contentRangeStart(contentRange(range, size)), range.start);
    });
    fc.assert(property, { seed: 5, numRuns: 2000 });
  });
});

describe("slots", () => {
  it("go to the most urgent, then to who came first", async () => {
    const slots = prioritySlots([1, 1, 1]);
    const first = await slots.acquire(2, signal);
    const order: string[] = [];
    const wait = (urgency: number, name: string) =>
      slots.acquire(urgency, signal).then((release) => {
        order.push(name);
        release?.();
      });
    const all = [wait(2, "stranger"), wait(1, "miner"), wait(0, "validator"), wait(0, "second validator")];
    first?.();
    await Promise.all(all);
    assert.deepEqual(order, ["validator", "second validator", "miner", "stranger"]);
  });

  it("are kept free for the urgent", async () => {
    const slots = prioritySlots([2, 1], { maxWaiting: 0 });
    assert.ok(await slots.acquire(1, signal));
    assert.equal(await slots.acquire(1, signal), null);
    assert.ok(await slots.acquire(0, signal));
    assert.equal(await slots.acquire(0, signal), null);
  });

  it("are given up after a turn, where somebody as urgent waits", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    let time = 0;
    const slots = prioritySlots([2, 2], { turnMs: 100, now: () => time });
    const asked: string[] = [];
    const hold = async (urgency: number, name: string) => {
      const release = await slots.acquire(urgency, signal, () => {
        asked.push(name);
        release?.();
      });
    };
    const pass = (milliseconds: number) => {
      time += milliseconds;
      t.mock.timers.tick(milliseconds);
    };
    await hold(0, "validator");
    pass(10);
    await hold(1, "miner");
    pass(500);
    assert.deepEqual(asked, [], "nobody waits");
    const second = hold(1, "second miner");
    pass(25);
    await second;
    assert.deepEqual(asked, ["miner"], "a miner does not end a validator's");
    const third = hold(0, "second validator");
    pass(25);
    await third;
    assert.deepEqual(asked, ["miner", "validator"], "nor anybody one whose turn has begun");
  });

  it("are given back once, and not to who left the queue", async () => {
    const slots = prioritySlots([1]);
    const release = await slots.acquire(0, signal);
    const leaver = new AbortController();
    const left = slots.acquire(0, leaver.signal);
    leaver.abort(new Error("gone"));
    await assert.rejects(left, /gone/);
    release?.();
    release?.();
    assert.ok(await slots.acquire(0, signal));
    const waiting = slots.acquire(0, AbortSignal.abort(new Error("late")));
    await assert.rejects(waiting, /late/);
  });
});

describe("token buckets", () => {
  it("fill at their rate, up to a minute's worth", () => {
    let now = 0;
    const buckets = tokenBuckets({ perMinute: 2, now: () => now });
    assert.deepEqual([buckets.take("a"), buckets.take("a"), buckets.take("a")], [0, 0, 30_000]);
    now = 29_000;
    assert.equal(buckets.take("a"), 1000);
    now = 30_000;
    assert.equal(buckets.take("a"), 0);
    now = 10_000_000;
    assert.deepEqual([buckets.take("a"), buckets.take("a"), buckets.take("a") > 0], [0, 0, true]);
  });

  it("neither take nor give where the clock is set back", () => {
    let now = 3 * 3_600_000;
    const buckets = tokenBuckets({ perMinute: 2, now: () => now });
    assert.equal(buckets.take("a"), 0);
    now = 0;
    assert.equal(buckets.take("a"), 0);
    assert.equal(buckets.take("a"), 30_000);
    now = 30_000;
    assert.equal(buckets.take("a"), 0);
  });

  it("remember no more keys than they may", () => {
    const buckets = tokenBuckets({ perMinute: 1, now: () => 0, maxKeys: 2 });
    assert.deepEqual([buckets.take("a"), buckets.take("b"), buckets.take("c")], [0, 0, 0]);
    assert.ok(buckets.take("c") > 0);
    assert.ok(buckets.take("b") > 0);
    assert.equal(buckets.take("a"), 0, "forgotten");
  });
});
