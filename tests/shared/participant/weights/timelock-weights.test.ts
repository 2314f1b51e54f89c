import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { forgetCommitments } from "#shared/participant/weights/weights-journal.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { NETUID } from "../../chain/support.js";
import { openRig, type Rig } from "./rig.js";

const weights = [
  [0, 20000],
  [2, 65535],
] as const;
const uid = 1;

const rounds = async ({ chain, keys }: Rig) =>
  (await chain.pendingWeights(NETUID, keys.validator.address)).map(({ hash, reveal }) => ({
    hash,
    round: "round" in reveal ? reveal.round : null,
  }));

describe("weights locked to a beacon's round", { timeout: HANG_GUARD }, () => {
  for (const revealPeriod of [1, 2])
    it(`are opened by the chain ${revealPeriod} epochs on, not before`, async (t) => {
      const rig = await openRig(t, { beacon: true, revealPeriod });
      const vera = await rig.open();
      await rig.to(20);
      const set = vera.set(20, weights);
      await rig.sent(1);
      await rig.to(21);
      assert.equal(await set, 21);
      const [entry] = vera.context.journal.value.commitments;
      assert.equal(entry?.mode, "timelock");
      assert.deepEqual(await rounds(rig), [{ hash: entry.hash, round: entry.round }]);
      const opening = 27 + 10 * (revealPeriod - 1);
      await rig.to(opening - 1);
      assert.deepEqual(await rig.chain.weights(NETUID), []);
      await rig.to(opening);
      await vera.said("weights were opened");
      assert.deepEqual(await rig.chain.weights(NETUID), [{ uid, weights }]);
      assert.deepEqual(await rounds(rig), []);
      assert.ok((await rig.chain.metagraph(NETUID)).neurons[2]!.incentive > 0.5, "they count in that very epoch");
      assert.equal(await rig.chain.nonce(rig.keys.validator.address), 1);
      assert.equal(await vera.set(20, weights), 21, "the journal knows what the chain no longer lists");
    });

  it("are told to be lost with a reason where they stay closed, and a hash takes their place", async (t) => {
    const rig = await openRig(t, { beacon: true, weightsRateLimit: 3 });
    let isSilent = false;
    // The program locks them to a round that comes an epoch after the chain would open them.
    const vera = await rig.open({
      pulse: async (round, at) => (isSilent ? null : rig.chain.pulse(round, at)),
      hyperParameters: async (netuid, at) => ({
        ...(await rig.chain.hyperParameters(netuid, at)),
        ...(!isSilent && { revealPeriod: 2 }),
      }),
    });
    await rig.to(20);
    const set = vera.set(20, weights);
    await rig.sent(1);
    await rig.to(21);
    await set;
    isSilent = true;
    await rig.to(27);
    await vera.said("committed weights were not opened");
    const lost = vera.lines.find(({ message }) => message === "committed weights were not opened");
    assert.equal(lost?.fields?.code, "PULSE_MISSING");
    await rig.sent(2);
    await rig.to(28);
    await vera.said("committed expired weights again");
    assert.deepEqual(
      vera.context.journal.value.commitments.map(({ mode, state }) => [mode, state]),
      [
        ["timelock", "settled"],
        ["hash", "open"],
      ],
    );
    await rig.to(37);
    await rig.sent(3);
    await rig.to(38);
    await vera.said("revealed weights");
    assert.deepEqual(await rig.chain.weights(NETUID), [{ uid, weights }]);
  });

  it("are not committed again where a cycle's own weights would have to wait for that", async (t) => {
    const rig = await openRig(t, { beacon: true, weightsRateLimit: 15 });
    let isSilent = false;
    const vera = await rig.open({
      pulse: async (round, at) => (isSilent ? null : rig.chain.pulse(round, at)),
      hyperParameters: async (netuid, at) => ({
        ...(await rig.chain.hyperParameters(netuid, at)),
        ...(!isSilent && { revealPeriod: 2 }),
      }),
    });
    await rig.to(20);
    const lost = vera.set(20, weights);
    await rig.sent(1);
    await rig.to(21);
    await lost;
    isSilent = true;
    await rig.to(27);
    await vera.said("committed weights were not opened");
    // From block 36 on the chain takes weights again.
    await rig.to(40);
    const own = vera.set(40, [[2, 65535]]);
    await rig.sent(2);
    await rig.to(41);
    assert.equal(await own, 41);
    assert.deepEqual(
      vera.context.journal.value.commitments.map(({ key, state }) => [key, state]),
      [
        ["20", "expired"],
        ["40", "open"],
      ],
    );
    assert.equal(await rig.chain.nonce(rig.keys.validator.address), 2);
  });

  it("are told to be overdue before they are lost", async (t) => {
    const rig = await openRig(t, { beacon: true });
    let isSilent = false;
    const vera = await rig.open({ pulse: async (round, at) => (isSilent ? null : rig.chain.pulse(round, at)) });
    await rig.to(20);
    const set = vera.set(20, weights);
    await rig.sent(1);
    await rig.to(21);
    await set;
    isSilent = true;
    await rig.to(26);
    await vera.said("the pulse that opens committed weights is overdue");
    assert.deepEqual(await rig.chain.weights(NETUID), []);
  });

  it("are committed by hash where the beacon does not reach the chain", async (t) => {
    const rig = await openRig(t, { beacon: true });
    const vera = await rig.open({ pulse: async () => null });
    await rig.to(20);
    const set = vera.set(20, weights);
    await rig.sent(1);
    await rig.to(21);
    assert.equal(await set, 21);
    await vera.said("no pulse of the beacon reaches the chain: weights are committed by hash");
    await rig.to(27);
    await rig.sent(2);
    await rig.to(28);
    await vera.said("revealed weights");
    assert.deepEqual(await rig.chain.weights(NETUID), [{ uid, weights }]);
  });

  it("are forgotten by the journal some time after they were opened", async (t) => {
    const rig = await openRig(t, { beacon: true });
    const vera = await rig.open();
    await rig.to(20);
    const set = vera.set(20, weights);
    await rig.sent(1);
    await rig.to(21);
    await set;
    await rig.to(27);
    await vera.said("weights were opened");
    const { journal } = vera.context;
    forgetCommitments(journal, 380);
    assert.equal(journal.value.commitments.length, 1);
    forgetCommitments(journal, 400);
    assert.deepEqual(journal.value.commitments, []);
  });

  it("are not sent twice, whenever the program was killed", async (t) => {
    const rig = await openRig(t, { beacon: true });
    const before = await rig.open();
    await rig.to(20);
    const set = assert.rejects(before.set(20, weights));
    await rig.sent(1);
    before.kill();
    await set;
    await rig.to(21);
    const after = await rig.open();
    assert.equal(await after.set(20, weights), 21);
    await rig.to(27);
    await after.said("weights were opened");
    assert.deepEqual(await rig.chain.weights(NETUID), [{ uid, weights }]);
    assert.equal(await rig.chain.nonce(rig.keys.validator.address), 1);
  });

  it("are locked to a later round when an epoch has passed them by", async (t) => {
    const rig = await openRig(t, { beacon: true });
    let refuse = true;
    const vera = await rig.open();
    const { submit } = vera.context.chain;
    Object.assign(vera.context.chain, {
      submit: (...args: Parameters<typeof submit>) =>
        refuse ? Promise.reject(new Error("the line is dead")) : submit(...args),
    });
    await rig.to(24);
    const set = vera.set(24, weights);
    await vera.said("weights not set, will retry inside the window");
    await rig.to(25);
    refuse = false;
    await rig.to(26);
    await rig.sent(1);
    await rig.to(27);
    await set;
    const [first, second] = vera.context.journal.value.commitments;
    assert.ok(first?.mode === "timelock" && second?.mode === "timelock");
    assert.ok(second.round > first.round, "block 27 counts for the epoch after its own");
    await rig.to(37);
    await vera.said("weights were opened");
    assert.deepEqual(await rig.chain.weights(NETUID), [{ uid, weights }]);
  });
});
