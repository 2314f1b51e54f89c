import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askingOrder, candidateAt } from "#shared/blobs/candidates.js";
import { vainAttempts } from "#shared/blobs/vain-attempts.js";

const LEAST = 512 << 10;
const MIB = 1 << 20;

interface Server {
  /** Bytes a second. */
  readonly rate: number;
  readonly isHonest?: boolean;
  /** Milliseconds after which it says that it has nothing. */
  readonly refusesMs?: number;
}

const times = (count: number, server: Server) => Array.from({ length: count }, () => server);
const silent: Server = { rate: 0 };
const rubbish: Server = { rate: 600 << 10 };
const honest = (rate: number): Server => ({ rate, isHonest: true });

/** Fetches blobs of so many bytes, on a clock of its own, with a turn's length as all that is known. */
const fetching = (servers: readonly Server[]) => {
  let now = 0;
  const vain = vainAttempts(() => now);
  /** @returns seconds that it took, what was sent of it, and how many turns there were */
  const fetch = (size: number) => {
    const begun = now;
    let left = servers.map((server, i) => ({ ...candidateAt(`${i}`), server }));
    const order = askingOrder({ leastBytesPerSecond: LEAST }, vain);
    let sent = 0;
    for (let turns = 1; ; turns++) {
      const { location } = order.next(left);
      const one = left.find((other) => other.location === location)!;
      const { rate, isHonest, refusesMs } = one.server;
      const wholeMs = (1000 * (size - one.bytes)) / rate;
      const only = left.length === 1 ? Number.POSITIVE_INFINITY : one.turnMs;
      const ms = Math.min(only, refusesMs ?? wholeMs);
      const bytes = (rate * ms) / 1000;
      now += ms;
      sent += bytes;
      if (isHonest && ms === wholeMs) {
        vain.brought(location);
        return { seconds: (now - begun) / 1000, sent, turns };
      }
      one.ms += ms;
      one.bytes += bytes;
      one.turnMs *= 2;
      const isOver = ms === only;
      order.ended(one, ms);
      vain.inVain(location, isOver ? one.ms - (1000 * one.bytes) / LEAST : one.ms);
      if (!isOver) left = left.filter((other) => other !== one);
    }
  };
  return { fetch, vain };
};

describe("the order in which a blob's servers are asked", () => {
  it("has a blob of fast servers alone in twice its time and bytes", () => {
    const { fetch } = fetching(times(20, honest(100 * MIB)));
    for (let i = 0; i < 3; i++) {
      const { seconds, sent } = fetch(1024 * MIB);
      assert.ok(seconds < 20.5, `${seconds} s`);
      assert.ok(sent < 2 * 1024 * MIB);
    }
  });

  it("lets a fast one go on though sixty that are silent were not asked", () => {
    const { fetch } = fetching([honest(10 * MIB), ...times(60, silent)]);
    assert.ok(fetch(100 * MIB).seconds < 20);
  });

  it("comes to a fast one after a second of each that is silent, and is not delayed by them again", () => {
    const { fetch } = fetching([...times(60, silent), honest(10 * MIB)]);
    assert.equal(fetch(8 * MIB).seconds, 60.8);
    assert.equal(fetch(8 * MIB).seconds, 0.8);
    assert.ok(fetch(100 * MIB).seconds < 20);
  });

  it("lets sixty that say late that they have nothing cost that once", () => {
    const { fetch } = fetching([...times(60, { rate: 0, refusesMs: 490 }), honest(10 * MIB)]);
    assert.ok(fetch(8 * MIB).seconds < 31);
    assert.equal(fetch(8 * MIB).seconds, 0.8);
  });

  for (const rate of [600 << 10, 511 << 10])
    it(`comes to an honest one that was late before a few seconds of each that sends ${rate} bytes a second of rubbish`, () => {
      const { fetch, vain } = fetching([...times(12, { ...rubbish, rate }), honest(10 * MIB)]);
      vain.inVain("12", 1000);
      const { seconds } = fetch(200 * MIB);
      assert.ok(seconds < 3 * 12 + 2 * 20 + 2, `${seconds} s`);
    });

  it("is not kept by two that lead in turns from those who were not asked", () => {
    // Whoever has a turn is the fastest then.
    const vain = vainAttempts(() => 0);
    const order = askingOrder({ leastBytesPerSecond: LEAST }, vain);
    const all = ["one", "two", "honest"].map(candidateAt);
    vain.inVain("honest", 1000);
    const asked: string[] = [];
    let rate = LEAST;
    while (!asked.includes("honest") && asked.length < 20) {
      const next = order.next(all);
      asked.push(next.location);
      rate *= 2;
      next.bytes += (rate * next.turnMs) / 1000;
      next.ms += next.turnMs;
      order.ended(next, next.turnMs);
      next.turnMs *= 2;
    }
    assert.deepEqual(asked, ["one", "one", "two", "two", "honest"]);
  });

  it("lets a slow honest one go on among sixty that are silent", () => {
    const { fetch } = fetching([honest(300 << 10), ...times(60, silent)]);
    for (let i = 0; i < 2; i++) assert.ok(fetch(1500 << 10).seconds < 15);
    const { seconds } = fetch(10 * MIB);
    assert.ok(seconds < 35 + 60, `${seconds} s`);
  });
});
