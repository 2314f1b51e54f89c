import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { openPatience } from "#shared/subnet/server-patience.js";

const none = () => 0;

describe("the patience with a server", () => {
  it("counts once what several wait for at a time, and each server by itself", async (t: TestContext) => {
    const pauses: (() => void)[] = [];
    const pause = () => new Promise<void>((resolve) => pauses.push(resolve));
    const patience = openPatience({ signal: t.signal, patienceMs: 10, pauseMs: 5, pause });
    const busy = (times: number) => {
      let left = times;
      return async () => {
        if (left-- > 0) throw new BlockZeroError("FETCH_BUSY", "busy", "later");
      };
    };
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const both = Promise.all([patience.grant("a", busy(1), none), patience.grant("a", busy(1), none)]);
    await turn();
    assert.equal(pauses.length, 1);
    pauses.shift()!();
    await both;
    const last = patience.grant("a", busy(1), none);
    await turn();
    pauses.shift()!();
    await last;
    await assert.rejects(patience.grant("a", busy(0), none), { code: "FETCH_TIMEOUT" });
    await patience.grant("b", busy(0), none);
  });

  it("is not lost on answers that are no slower than others, whatever they say", async (t: TestContext) => {
    const patience = openPatience({ signal: t.signal, patienceMs: 1, pauseMs: 1 });
    const lacks = async () => {
      throw new BlockZeroError("FETCH_NOT_FOUND", "not here", "ask others");
    };
    for (let round = 0; round < 100; round++)
      await assert.rejects(patience.grant("a", lacks, none), { code: "FETCH_NOT_FOUND" });
    assert.deepEqual(patience.inOrder(["a", "b"]), ["a", "b"]);
  });

  it("is not lost on a server that broke off after bytes that stay, but on one whose bytes were others", async (t) => {
    let [now, received] = [0, 0];
    const patience = openPatience({ signal: t.signal, patienceMs: 60_000, now: () => now });
    const breaksOff = (bytes: number) => async () => {
      now += 600_000;
      received += bytes;
      throw new BlockZeroError("FETCH_FAILED", "broke off", "try again");
    };
    for (let round = 0; round < 3; round++)
      await assert.rejects(
        patience.grant("a", breaksOff(600 << 20), () => received),
        { code: "FETCH_FAILED" },
      );
    await assert.rejects(patience.grant("b", breaksOff(0), none), { code: "FETCH_FAILED" });
    await assert.rejects(patience.grant("b", breaksOff(0), none), { code: "FETCH_TIMEOUT" });
  });

  it("is one for all who are asked for what they announced alone, and each of them is still asked for a moment", async (t) => {
    let now = 0;
    const patience = openPatience({
      ...{ signal: t.signal, patienceMs: 10_000, pauseMs: 5_000, now: () => now, pause: async () => {} },
      isAnnouncer: (origin) => origin !== "a validator's",
    });
    assert.ok(await patience.pause("cycle 1"));
    assert.ok(await patience.pause("cycle 2"));
    assert.equal(await patience.pause("cycle 3"), false);
    const busy = async () => {
      throw new BlockZeroError("FETCH_BUSY", "busy", "later");
    };
    await assert.rejects(patience.grant("cycle 3", busy, none), { code: "FETCH_BUSY" });
    const silent = (over?: AbortSignal) =>
      new Promise<void>((_, reject) => {
        now += 2_000;
        over!.addEventListener("abort", () => reject(over!.reason));
      });
    await assert.rejects(patience.attempt("cycle 3", silent, none, false), { code: "FETCH_TIMEOUT" });
    await patience.attempt("cycle 4", async () => {}, none, false);
    assert.ok(await patience.pause("a validator's"));
  });
});
