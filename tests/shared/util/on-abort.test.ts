import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { prioritySlots } from "#shared/blobs/priority-slots.js";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { orAbort } from "#shared/util/deadline.js";
import { onAbort } from "#shared/util/on-abort.js";
import { listenersOf } from "./listeners-of.js";

const MANY = 50;

describe("waiting for a signal", () => {
  it("takes one listener, however many wait, and none when nobody does", () => {
    const { signal } = new AbortController();
    const ends = Array.from({ length: MANY }, () => onAbort(signal, () => {}));
    assert.equal(listenersOf(signal), 1);
    for (const end of ends) end();
    assert.equal(listenersOf(signal), 0);
    onAbort(signal, () => {});
    for (const end of ends) end();
    assert.equal(listenersOf(signal), 1, "an end that comes twice ends nobody else's wait");
  });

  it("calls back everybody who still waits, once, in order, and at once after the abort", () => {
    const aborting = new AbortController();
    const { signal } = aborting;
    const called: number[] = [];
    const ends = [1, 2, 3, 4].map((number) =>
      onAbort(signal, () => {
        called.push(number);
        // Who is called back may end another's wait, and begin one.
        if (number === 2) ends[2]!();
      }),
    );
    ends[0]!();
    aborting.abort();
    aborting.abort();
    onAbort(signal, () => called.push(5));
    assert.deepEqual(called, [2, 4, 5]);
  });

  it("is so in turns, in deadlines and in waits for blocks", async () => {
    const aborting = new AbortController();
    const { signal } = aborting;
    const head = { number: 1, hash: "", timestamp: 0 };
    const clock = await startBlockClock({ head: async () => head, onHead: () => {} } as never, signal);
    const slots = prioritySlots([1], { maxWaiting: MANY });
    await slots.acquire(0, signal);
    const settled = Promise.allSettled(
      Array.from({ length: MANY }, () => [
        slots.acquire(0, signal),
        orAbort(new Promise<never>(() => {}), signal),
        clock.reach(2, signal),
      ]).flat(),
    );
    assert.equal(listenersOf(signal), 1);
    aborting.abort(new Error("over"));
    assert.ok((await settled).every(({ status }) => status === "rejected"));
    assert.equal(listenersOf(signal), 0);
  });
});
