import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { makeGenesis, makeKeys, temporaryHome } from "../chain/support.js";

const open = async (t: TestContext) => {
  const genesis = makeGenesis(await makeKeys());
  const node = await startDevchain({ home: await temporaryHome(t), genesis, port: 0, blockTimeMs: 0 });
  t.after(() => node.close());
  const chain = await connectDevchain({ endpoint: node.endpoint });
  t.after(() => chain.close());
  const stop = new AbortController();
  t.after(() => stop.abort());
  return { node, clock: await startBlockClock(chain, stop.signal), signal: stop.signal };
};

const stopped = coded("STOPPED");

describe("block clock", { timeout: HANG_GUARD }, () => {
  it("reaches what is here at once, and what is not with its first head", async (t) => {
    const { node, clock, signal } = await open(t);
    assert.equal((await clock.reach(0, signal)).number, 0);
    const reached = [2, 3, 3].map((block) => clock.reach(block, signal));
    const heads: number[] = [];
    clock.onHead(({ number }) => heads.push(number), signal);
    node.newBlocks(4);
    assert.deepEqual(
      (await Promise.all(reached)).map(({ number }) => number),
      [2, 3, 3],
    );
    await clock.reach(4, signal);
    assert.deepEqual(heads, [1, 2, 3, 4]);
    assert.deepEqual(clock.head, node.head);
    assert.equal((await clock.reach(1, signal)).number, 4, "a block that is past gives the newest head");
  });

  it("lets go when the waiting one is told to stop", async (t) => {
    const { node, clock, signal } = await open(t);
    const controller = new AbortController();
    const waiting = assert.rejects(clock.reach(5, controller.signal), stopped);
    let heard = 0;
    clock.onHead(() => heard++, controller.signal);
    node.newBlocks(1);
    await clock.reach(1, signal);
    controller.abort();
    await waiting;
    node.newBlocks(5);
    assert.equal((await clock.reach(6, signal)).number, 6, "others wait on");
    assert.equal(heard, 1);
    await assert.rejects(clock.reach(1, controller.signal), stopped);
  });
});
