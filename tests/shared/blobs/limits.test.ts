import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { prioritySlots, type SlotOptions } from "#shared/blobs/priority-slots.js";
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

  it("go to who holds fewest of a class first, and no more than its own are ended for who holds as many", async (t) => {
    const { hold, pass, entered, ended } = turns(t, [4]);
    await hold(0, "greedy", "greedy 1");
    await pass(1);
    for (const name of ["greedy 2", "greedy 3"]) await hold(0, "greedy", name);
    await hold(0, "modest");
    const waiting = [hold(0, "greedy", "greedy 4"), hold(0, "modest", "modest 2"), hold(0, "late"), hold(0, "later")];
    await pass(100);
    assert.deepEqual(ended.slice(0, 2), ["greedy 1", "greedy 2"], "of who holds most the longest, for who holds none");
    assert.deepEqual(entered.slice(4, 6), ["late", "later"]);
    assert.deepEqual(ended.slice(2), ["modest", "greedy 3"], "of who holds as many its own alone");
    assert.deepEqual(entered.slice(6), ["modest 2", "greedy 4"]);
    waiting.push(hold(0, "late", "late 2"));
    await pass(100);
    assert.deepEqual(ended.slice(4), ["late"]);
    await Promise.all(waiting);
  });

  it("are waited for by the urgent though the queue is full, and by who has less in it", async () => {
    const slots = prioritySlots([1, 1], { maxWaiting: 3 });
    const release = await slots.acquire(0, signal, undefined, "first");
    const order: string[] = [];
    const wait = (urgency: number, from: string, name = from) =>
      slots.acquire(urgency, signal, undefined, from).then((free) => {
        order.push(free === null ? `no ${name}` : name);
        free?.();
      });
    const all = [wait(1, "miner"), wait(1, "other", "other 1"), wait(1, "other", "other 2")];
    all.push(wait(1, "third"), wait(1, "fourth"));
    all.push(
      wait(0, "validator", "validator 1"),
      wait(0, "validator", "validator 2"),
      wait(0, "validator", "validator 3"),
    );
    all.push(wait(0, "validator", "validator 4"), wait(0, "second validator"));
    release?.();
    await Promise.all(all);
    const refused = order.filter((name) => name.startsWith("no "));
    assert.deepEqual(
      new Set(refused),
      new Set(["no other 2", "no fourth", "no third", "no other 1", "no miner", "no validator 4", "no validator 3"]),
    );
    assert.deepEqual(
      order.filter((name) => !refused.includes(name)),
      ["validator 1", "validator 2", "second validator"],
    );
  });

  it("are left to all others by the most urgent, and to the last by those before", async () => {
    const slots = prioritySlots([4, 3, 2], { maxWaiting: 0, keptForLast: 1 });
    const held = async (urgency: number) => {
      const all: (() => void)[] = [];
      for (;;) {
        const release = await slots.acquire(urgency, signal);
        if (release === null) return all;
        all.push(release);
      }
    };
    const counts: number[] = [];
    for (const urgency of [0, 1, 2]) {
      const all = await held(urgency);
      counts.push(all.length);
      for (const release of all) release();
    }
    assert.deepEqual(counts, [3, 2, 2], "each alone");
    counts.length = 0;
    for (const urgency of [1, 2, 0]) counts.push((await held(urgency)).length);
    assert.deepEqual(counts, [2, 1, 1], "all together");
  });

  it("are held by everybody for one request at a time as the most urgent, in turns", async (t) => {
    const { hold, pass, entered, ended } = turns(t, [4, 3], { isOneFirst: true });
    for (const name of ["miner 1", "miner 2", "miner 3"]) await hold(1, name);
    await hold(0, "validator", "large");
    const waiting = [hold(1, "miner 4"), hold(0, "validator", "second"), hold(0, "validator", "third")];
    await pass(0);
    entered.length = 0;
    await pass(100);
    assert.deepEqual(entered, ["miner 4", "second"], "its own gives way to its own, though miners come before it");
    assert.deepEqual(ended, ["miner 1", "large"]);
    await pass(100);
    assert.deepEqual(entered.slice(2), ["third"]);
    assert.deepEqual(ended.slice(2), ["second"]);
    await Promise.all(waiting);
  });

  it("are not given up where the place of one lets nobody in", async (t) => {
    const { hold, pass, entered, ended } = turns(t, [5, 4, 2]);
    for (const name of ["greedy 1", "greedy 2"]) await hold(2, "greedy", name);
    for (const name of ["miner 1", "miner 2"]) await hold(1, name);
    const waiting = hold(2, "modest");
    for (let i = 0; i < 9; i++) await pass(100);
    assert.deepEqual(ended, []);
    entered.length = 0;
    const urgent = [hold(0, "validator 1"), hold(0, "validator 2")];
    await pass(100);
    assert.deepEqual([entered, ended], [["validator 1", "validator 2"], ["greedy 1"]]);
    void waiting;
    await Promise.all(urgent);
  });

  it("are had in time by whoever waits, or it is refused at once", async (t) => {
    const { hold, pass, entered, waits } = turns(t, [4, 3, 2], { patienceMs: 400, isOneFirst: true });
    const askers = Array.from({ length: 60 }, (_, i) => hold(1, `miner ${i}`));
    await pass(0);
    // 3 slots, each of them for 125 ms.
    assert.equal(entered.filter((name) => name.startsWith("no ")).length, 60 - 3 - 9);
    for (let i = 0; i < 16; i++) await pass(25);
    await Promise.all(askers);
    assert.equal(waits.size, 60);
    for (const [name, ms] of waits) assert.ok(ms <= 400, `${name} waits ${ms} ms`);
    assert.equal(entered.filter((name) => !name.startsWith("no ")).length, 12);
  });

  it("are had in time by who comes new, however many ask again and again", async (t) => {
    for (const hotkeys of [6, 15, 50])
      for (const urgency of [0, 1, 2]) {
        const options = { patienceMs: 400, isOneFirst: true, keptForLast: 1 };
        const { hold, hoard, pass, entered, waits } = turns(t, [8, 6, 4], options);
        for (let i = 0; i < hotkeys; i++) for (const hoarder of [0, 0, 1]) void hoard(hoarder, `${hoarder} ${i}`);
        for (let i = 0; i < 4; i++) void hoard(2, `2 ${i}`);
        // Until each had its turn.
        for (let i = 0; i < 10 * hotkeys; i++) await pass(25);
        void hold(urgency, "new");
        for (let i = 0; i < 16; i++) await pass(25);
        assert.ok(entered.includes("new"), `class ${urgency} beside ${hotkeys}: ${waits.get("new")} ms`);
      }
  });

  it("come round to everybody, however many ask", async (t) => {
    const { hoard, pass, entered } = turns(t, [8, 6, 4], { patienceMs: 400, isOneFirst: true, keptForLast: 1 });
    for (let i = 0; i < 60; i++) for (const urgency of [0, 1, 2]) void hoard(urgency, `${urgency} ${i}`);
    for (let i = 0; i < 400; i++) await pass(25);
    const without = [0, 1].flatMap((urgency) =>
      Array.from({ length: 60 }, (_, i) => `${urgency} ${i}`).filter((name) => !entered.includes(name)),
    );
    assert.deepEqual(without, []);
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

/** Slots for turns of 100 ms by a clock that stands still but for `pass`. Whoever has one keeps it until it is told to give it up. */
const turns = (t: TestContext, limits: readonly number[], options: SlotOptions = {}) => {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  let time = 0;
  const slots = prioritySlots(limits, { turnMs: 100, now: () => time, ...options });
  const entered: string[] = [];
  const ended: string[] = [];
  /** Milliseconds until each had a slot, or heard that it has none. */
  const waits = new Map<string, number>();
  const hold = async (urgency: number, from: string, name = from, onEnd = () => {}): Promise<boolean> => {
    const begun = time;
    const giveUp = () => {
      ended.push(name);
      release?.();
      onEnd();
    };
    const release = await slots.acquire(urgency, signal, giveUp, from);
    waits.set(name, time - begun);
    entered.push(release === null ? `no ${name}` : name);
    return release !== null;
  };
  /** Asks again whenever it has to give up, and 100 ms after it was refused. */
  const hoard = async (urgency: number, from: string): Promise<void> => {
    if (await hold(urgency, from, from, () => void hoard(urgency, from))) return;
    setTimeout(() => void hoard(urgency, from), 100);
  };
  const settled = async () => {
    for (let i = 0; i < 9; i++) await Promise.resolve();
  };
  const pass = async (milliseconds: number) => {
    await settled();
    time += milliseconds;
    t.mock.timers.tick(milliseconds);
    await settled();
  };
  return { entered, ended, waits, hold, hoard, pass };
};

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
