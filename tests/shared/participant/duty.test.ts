import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BlockClock, startBlockClock } from "#shared/participant/block-clock.js";
import { withinBlocks } from "#shared/participant/duty.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet } from "../../support/subnet.js";

const never = new Promise<never>(() => {});

describe("withinBlocks", { timeout: HANG_GUARD }, () => {
  const open = async (t: Parameters<typeof openSubnet>[0]) => {
    const subnet = await openSubnet(t);
    const stop = new AbortController();
    t.after(() => stop.abort());
    const clock: BlockClock = await startBlockClock(subnet.chain, stop.signal);
    const until = clock.head.number + 2;
    const to = async (block: number) => {
      await subnet.to(block);
      await clock.reach(block, stop.signal);
    };
    return { participant: { clock, signal: stop.signal }, until, to, stop };
  };

  it("waits for a duty that never settles no longer than to its block, and tells it to stop", async (t) => {
    const { participant, until, to } = await open(t);
    let told: AbortSignal | undefined;
    let isOver = false;
    const duty = withinBlocks(participant, { name: "waiting", until }, ({ signal }) => {
      told = signal;
      return never;
    });
    const ended = assert.rejects(duty, { code: "DUTY_OVERDUE", message: `waiting was not done at block ${until}` });
    void ended.then(() => {
      isOver = true;
    });
    await to(until - 1);
    assert.deepEqual([isOver, told?.aborted], [false, false]);
    await to(until);
    await ended;
    assert.equal(told?.aborted, true);
  });

  it("hands on what a duty gives or throws, and leaves alone what it began", async (t) => {
    const { participant, until, to } = await open(t);
    let left: AbortSignal | undefined;
    const given = await withinBlocks(participant, { name: "working", until }, async ({ signal }) => {
      left = signal;
      return 7;
    });
    assert.equal(given, 7);
    const fault = new Error("its own");
    await assert.rejects(
      withinBlocks(participant, { name: "failing", until }, () => Promise.reject(fault)),
      fault,
    );
    await to(until);
    assert.equal(left?.aborted, false);
  });

  it("ends with the program, for its reason", async (t) => {
    const { participant, until, stop } = await open(t);
    const duty = withinBlocks(participant, { name: "waiting", until }, () => never);
    const reason = new Error("over");
    stop.abort(reason);
    await assert.rejects(duty, reason);
  });
});
