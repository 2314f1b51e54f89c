import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createIdleGate } from "#shared/continuous/idle-gate.js";
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
