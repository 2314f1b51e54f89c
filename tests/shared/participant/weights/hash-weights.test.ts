import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { NETUID } from "../../chain/support.js";
import { openRig, type Rig } from "./rig.js";

const weights = [
  [0, 20000],
  [2, 65535],
] as const;
const uid = 1;

const pending = async ({ chain, keys }: Rig) => chain.pendingWeights(NETUID, keys.validator.address);
const urgent = ({ lines }: { lines: readonly { level: string; message: string }[] }) =>
  lines.filter(({ level }) => level === "warn" || level === "error").map(({ message }) => message);

describe("weights committed by hash", { timeout: HANG_GUARD }, () => {
  it("are committed in the window, revealed in the next epoch, and read back", async (t) => {
    const rig = await openRig(t, {});
    const vera = await rig.open();
    const set = vera.set(8, weights);
    await rig.sent(1);
    await rig.to(9);
    assert.equal(await set, 9);
    assert.equal(await vera.set(8, [[0, 65535]]), 9, "a second set for the same window is the first");
    const [entry] = vera.context.journal.value.commitments;
    assert.deepEqual(await pending(rig), [{ hash: entry!.hash, block: 9, reveal: { first: 18, last: 27 } }]);
    await rig.to(17);
    assert.deepEqual(await rig.chain.weights(NETUID), []);
    await rig.sent(2);
    await rig.to(18);
    await vera.said("revealed weights");
    assert.deepEqual(await rig.chain.weights(NETUID), [{ uid, weights }]);
    assert.deepEqual(await pending(rig), []);
    await rig.to(28);
    const incentives = (await rig.chain.metagraph(NETUID)).neurons.map(({ incentive }) => incentive);
    assert.ok(incentives[2]! > incentives[0]! && incentives[0]! > 0, "they counted at the end of their epoch");
    assert.deepEqual(urgent(vera), []);
    assert.equal(await rig.chain.nonce(rig.keys.validator.address), 2);
  });

  it("survive a kill between the chain's inclusion and the note of it", async (t) => {
    const rig = await openRig(t, {});
    const before = await rig.open();
    const set = assert.rejects(before.set(8, weights));
    await rig.sent(1);
    before.kill();
    await set;
    await rig.to(9);
    const after = await rig.open();
    await rig.to(17);
    await rig.sent(2);
    await rig.to(18);
    await after.said("revealed weights");
    assert.deepEqual(await rig.chain.weights(NETUID), [{ uid, weights }]);
    assert.equal(await after.set(8, weights), 9);
    assert.deepEqual(urgent(after), []);
    assert.equal(await rig.chain.nonce(rig.keys.validator.address), 2);
  });

  it("survive a kill between the draw of the salt and the sending", async (t) => {
    const rig = await openRig(t, {});
    let asked = () => {};
    const dying = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const before = await rig.open({
      submit: () => {
        asked();
        return new Promise(() => {});
      },
    });
    void before.set(8, weights);
    await dying;
    before.kill();
    const after = await rig.open();
    const [drawn] = after.context.journal.value.commitments;
    const set = after.set(8, weights);
    await rig.sent(1);
    await rig.to(9);
    assert.equal(await set, 9);
    assert.deepEqual(
      (await pending(rig)).map(({ hash }) => hash),
      [drawn!.hash],
    );
  });

  it("survive a kill between the chain's revelation and the note of it", async (t) => {
    const rig = await openRig(t, {});
    const before = await rig.open();
    const set = before.set(8, weights);
    await rig.sent(1);
    await rig.to(9);
    await set;
    await rig.to(17);
    await rig.sent(2);
    before.kill();
    await rig.to(18);
    const after = await rig.open();
    await after.said("revealed weights");
    await rig.to(29);
    assert.deepEqual(urgent(after), []);
    assert.equal(await rig.chain.nonce(rig.keys.validator.address), 2);
  });

  it("are committed again where nobody was there to reveal them", async (t) => {
    const rig = await openRig(t, {});
    const before = await rig.open();
    const set = before.set(8, weights);
    await rig.sent(1);
    await rig.to(9);
    await set;
    before.kill();
    await rig.to(28);
    const after = await rig.open();
    await after.said("committed weights were not revealed in time");
    await rig.sent(2);
    await rig.to(29);
    await after.said("committed expired weights again");
    const [again] = await pending(rig);
    assert.notEqual(again?.hash, after.context.journal.value.commitments[0]?.hash, "with a salt of its own");
    await rig.to(37);
    await rig.sent(3);
    await rig.to(38);
    await after.said("revealed weights");
    assert.deepEqual(await rig.chain.weights(NETUID), [{ uid, weights }]);
  });

  it("of one epoch are revealed by their newest, once", async (t) => {
    const rig = await openRig(t, { weightsRateLimit: 3 });
    const vera = await rig.open();
    for (const [start, value] of [
      [8, 1],
      [12, 7],
    ] as const) {
      await rig.to(start);
      const set = vera.set(start, [
        [0, value],
        [2, 65535],
      ]);
      await rig.sent(start === 8 ? 1 : 2);
      await rig.to(start + 1);
      assert.equal(await set, start + 1);
    }
    await rig.to(17);
    await rig.sent(3);
    await rig.to(18);
    await vera.said("revealed weights");
    assert.deepEqual((await rig.chain.weights(NETUID))[0]?.weights[0], [0, 7]);
    await rig.to(29);
    assert.deepEqual(urgent(vera), []);
    assert.equal(await rig.chain.nonce(rig.keys.validator.address), 3);
  });

  it("are let go when the owner switches commitments off", async (t) => {
    const rig = await openRig(t, {});
    const vera = await rig.open();
    const set = vera.set(8, weights);
    await rig.sent(1);
    await rig.to(9);
    await set;
    const off = rig.chain.sudo(
      [{ name: "setHyperParameters", args: { netuid: NETUID, change: { commitReveal: false } } }],
      rig.keys.sudo,
    );
    while ((await rig.chain.nonce(rig.keys.sudo.address)) === 0);
    await rig.to(10);
    await off;
    await rig.to(28);
    await vera.said("committed weights were not revealed in time");
    const plain = vera.set(28, weights);
    await rig.sent(2);
    await rig.to(29);
    assert.equal(await plain, 29);
    assert.deepEqual(await rig.chain.weights(NETUID), [{ uid, weights }]);
  });
});
