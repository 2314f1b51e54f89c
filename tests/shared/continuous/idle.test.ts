import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createIdleGate } from "#shared/continuous/idle-gate.js";
import { proveWhileIdle } from "#shared/continuous/idle-proofs.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

/** A promise, and what settles it. */
const gateOf = () => {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
};

describe("the gate of a device's idle time", { timeout: HANG_GUARD }, () => {
  it("ends idle time as work begins, and gives another once all work is done", async () => {
    const gate = createIdleGate();
    const stop = new AbortController();
    const before = await gate.idle(stop.signal);
    const [one, two] = [gateOf(), gateOf()];
    const works = [gate.work(() => one.opened), gate.work(() => two.opened)];
    assert.ok(before.aborted);
    assert.equal(gate.working, 2);
    let next: AbortSignal | null = null;
    const waiting = gate.idle(stop.signal).then((signal) => {
      next = signal;
    });
    one.open();
    await works[0];
    assert.equal(next, null);
    two.open();
    await Promise.all([works[1], waiting]);
    assert.equal(next!.aborted, false);
  });

  it("passes on what work throws, and is idle again", async () => {
    const gate = createIdleGate();
    await assert.rejects(
      gate.work(() => Promise.reject(new Error("no answer"))),
      /no answer/,
    );
    assert.equal((await gate.idle(new AbortController().signal)).aborted, false);
  });

  it("waits no longer than it is asked to", async () => {
    const gate = createIdleGate();
    const busy = gateOf();
    const work = gate.work(() => busy.opened);
    const stop = new AbortController();
    const waiting = gate.idle(stop.signal);
    stop.abort(new Error("over"));
    await assert.rejects(waiting, /over/);
    await assert.rejects(gate.idle(stop.signal), /over/);
    busy.open();
    await work;
  });
});

describe("proofs in idle time", { timeout: HANG_GUARD }, () => {
  it("let work wait for one batch at most, and leave no gap between the nonces before and after it", async () => {
    const gate = createIdleGate();
    const stop = new AbortController();
    const ranges: string[] = [];
    let duringWork = 0;
    const work = gateOf();
    let worked: Promise<void> = Promise.resolve();
    const proven = await proveWhileIdle({
      gate,
      batch: 256,
      maxShare: 1_000_000,
      now: () => 0,
      rest: async () => {},
      stop: stop.signal,
      search: async ({ first, count }) => {
        ranges.push(`${first}+${count}`);
        if (gate.working > 0) duringWork += 1;
        if (ranges.length === 3) {
          worked = gate.work(() => work.opened);
          setImmediate(work.open);
        }
        if (ranges.length === 5) stop.abort(new Error("over"));
        return [first + 1];
      },
    });
    await worked;
    assert.deepEqual(ranges, ["0+256", "256+256", "512+256", "768+256", "1024+256"]);
    assert.equal(duringWork, 0, "no search begins while work is under way");
    assert.deepEqual(proven, { nonces: 1280, wins: [1, 257, 513, 769, 1025], yielded: 1 });
  });

  it("spend no more of the idle time than they may", async () => {
    const stop = new AbortController();
    let [clock, proving] = [0, 0];
    await proveWhileIdle({
      gate: createIdleGate(),
      batch: 1,
      maxShare: 250_000,
      now: () => clock,
      rest: async (milliseconds) => {
        clock += milliseconds;
      },
      stop: stop.signal,
      search: async () => {
        clock += 10;
        proving += 10;
        if (proving === 1000) stop.abort(new Error("over"));
        return [];
      },
    });
    assert.equal(proving / clock, 0.25);
    const rules = { gate: createIdleGate(), batch: 1, now: () => 0, rest: async () => {}, stop: stop.signal };
    await assert.rejects(proveWhileIdle({ ...rules, maxShare: 0, search: async () => [] }), RangeError);
  });
});
