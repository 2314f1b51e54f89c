import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Head } from "#shared/chain/chain.js";
import type { BlockClock } from "#shared/participant/block-clock.js";
import { startBlockTimer } from "#shared/participant/block-timer.js";

const START = 1_700_000_000_000;

/** Heads that come when they are told to, on a clock that is told as well. */
const heads = (t: TestContext, before?: Pick<Head, "number" | "timestamp">) => {
  let time = START;
  let ahead = 0;
  let slept = 0;
  let head: Head = { number: 100, hash: "0".repeat(64), timestamp: START };
  let listener: (head: Head) => void = () => undefined;
  const clock: BlockClock = {
    get head() {
      return head;
    },
    onHead: (callback) => {
      listener = callback;
    },
    reach: () => assert.fail("nobody waits"),
  };
  const timer = startBlockTimer(clock, t.signal, { before, now: () => time + ahead, elapsed: () => time - slept });
  /** A head made at `timestamp` arrives `delay` later. */
  const arrive = (number: number, timestamp: number, delay = 0) => {
    time = timestamp + delay;
    head = { number, hash: "0".repeat(64), timestamp };
    listener(head);
  };
  const setClock = (by: number) => {
    ahead = by;
  };
  const sleep = (by: number) => {
    slept += by;
  };
  return { timer, arrive, setClock, sleep };
};

describe("block timer", () => {
  it("knows no pace before two heads", (t) => {
    const { timer, arrive } = heads(t);
    assert.equal(timer.expected(110), undefined);
    arrive(101, START + 12_000);
    assert.equal(timer.blockTime(), 12_000);
    assert.equal(timer.expected(110), START + 10 * 12_000);
  });

  it("knows the pace at once from the block before, which says nothing of delays", (t) => {
    const { timer, arrive } = heads(t, { number: 99, timestamp: START - 12_000 });
    assert.equal(timer.expected(110), START + 10 * 12_000);
    arrive(101, START + 12_000, 500);
    assert.equal(timer.expected(110), START + 10 * 12_000);
  });

  it("takes the median, so that one long pause makes no slower chain", (t) => {
    const { timer, arrive } = heads(t);
    for (let i = 1; i <= 5; i++) arrive(100 + i, START + 1_000 * i);
    arrive(106, START + 65_000);
    assert.equal(timer.blockTime(), 1_000);
    assert.equal(timer.expected(108), START + 67_000);
  });

  it("is not misled by a clock that is set, ahead or back", (t) => {
    const { timer, arrive, setClock } = heads(t);
    for (let i = 1; i <= 3; i++) arrive(100 + i, START + 1_000 * i);
    for (const ahead of [3 * 3_600_000, -3 * 3_600_000]) {
      setClock(ahead);
      assert.equal(timer.expected(105), START + 5_000 + ahead);
    }
    arrive(104, START + 4_000);
    setClock(0);
    assert.equal(timer.expected(106), START + 6_000);
  });

  it("knows the pace after sleeps of more than a day, in which the clock that nobody sets stood still", (t) => {
    const { timer, arrive, sleep } = heads(t);
    for (let i = 1; i <= 5; i++) arrive(100 + i, START + 1_000 * i);
    const night = 10 * 3_600_000;
    for (let nights = 1; nights <= 3; nights++) {
      sleep(night);
      const [first, woke] = [105 + 40 * nights, START + nights * night + 40_000 * nights];
      for (let i = 1; i <= 40; i++) arrive(first + i, woke + 1_000 * i);
      assert.equal(timer.blockTime(), 1_000);
      assert.equal(timer.expected(first + 50), woke + 50_000);
    }
  });

  it("measures across heads that were not seen", (t) => {
    const { timer, arrive } = heads(t);
    arrive(104, START + 4 * 12_000);
    assert.equal(timer.blockTime(), 12_000);
  });

  it("tells this machine's time where the chain's clock differs, by the promptest head", (t) => {
    const { timer, arrive } = heads(t);
    const ahead = 5_000;
    for (const [i, late] of [900, 40, 300].entries()) arrive(101 + i, START + 1_000 * (i + 1), late - ahead);
    assert.equal(timer.expected(110), START + 10_000 + 40 - ahead);
  });

  it("knows no pace where blocks are made in bursts, however long the pauses", (t) => {
    const { timer, arrive } = heads(t);
    for (let i = 1; i <= 9; i++) arrive(100 + i, START + 900 * Math.ceil(i * 0.6));
    assert.equal(timer.blockTime(), undefined);
  });

  it("knows no pace where the chain's time is days from this machine's, however even it is", (t) => {
    const { timer, arrive } = heads(t);
    const days = 2 * 86_400_000;
    for (let i = 1; i <= 40; i++) arrive(100 + i, START + 1_000 * i, days);
    assert.equal(timer.blockTime(), undefined);
    assert.equal(timer.expected(150), undefined);
  });

  it("knows no pace where blocks are made on demand", (t) => {
    const { timer, arrive } = heads(t);
    for (let i = 1; i <= 9; i++) arrive(100 + i, START + 2 * i);
    assert.equal(timer.blockTime(), undefined);
    assert.equal(timer.expected(120), undefined);
  });
});
