import assert from "node:assert/strict";
import { before, describe, it, type TestContext } from "node:test";
import type { ChainCall } from "#shared/chain/call.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import type { DrandSetting, HyperParameterChange } from "#shared/chain/devchain/genesis.js";
import { verifyPulse } from "#shared/chain/timelock/pulse.js";
import { encryptTimelock } from "#shared/chain/timelock/timelock.js";
import { ciphertextHash, encodeTimelockPayload, weightsCommitHash } from "#shared/chain/weights/payload.js";
import { ChainRejected } from "#shared/chain/writer/chain-rejected.js";
import type { Signer } from "#shared/protocol/signer.js";
import { publicBeacon, pulse } from "#shared/simulators/devchain/beacon.js";
import { type DevchainOptions, startDevchain } from "#shared/simulators/devchain/start.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { type Keys, makeGenesis, makeKeys, manualClock, NETUID, TOKEN, temporaryHome } from "../../chain/support.js";

const drand: DrandSetting = { seed: "0b".repeat(32), genesisTime: 1_700_000_000, period: 3 };

let keys: Keys;
before(async () => {
  keys = await makeKeys();
});

/** A devchain with a beacon, on a clock that moves by a second a block. */
const start = async (t: TestContext, change: HyperParameterChange = {}, options: Partial<DevchainOptions> = {}) => {
  const { clock, advance } = manualClock(drand.genesisTime * 1000);
  const node = await startDevchain({
    home: await temporaryHome(t),
    genesis: { ...makeGenesis(keys, change), timestamp: drand.genesisTime * 1000, drand },
    port: 0,
    blockTimeMs: 0,
    clock,
    ...options,
  });
  t.after(() => node.close());
  const chain = await connectDevchain({ endpoint: node.endpoint });
  t.after(() => chain.close());
  const blocks = (count: number) => {
    for (let i = 0; i < count; i++) {
      advance(1000);
      node.newBlocks(1);
    }
  };
  const included = async (signer: Signer, call: ChainCall) => {
    const nonce = await chain.nonce(signer.address);
    const written = chain.submit(call, signer);
    // Refused only after the block: the pool takes it.
    written.catch(() => {});
    while ((await chain.nonce(signer.address)) === nonce);
    blocks(1);
    return written;
  };
  return { node, chain, blocks, included };
};

const rejected = (reason: string) => (error: unknown) => error instanceof ChainRejected && error.reason === reason;

describe("what a devchain tells", { timeout: HANG_GUARD }, () => {
  it("shows axons where there are any", async (t) => {
    const { chain, included } = await start(t, { servingRateLimit: 0 });
    await included(keys.miner, { name: "serveAxon", args: { netuid: NETUID, ip: "10.1.2.3", port: 8091 } });
    const { neurons } = await chain.metagraph(NETUID);
    assert.deepEqual(
      neurons.map(({ axon }) => axon),
      [null, null, { ip: "10.1.2.3", port: 8091, block: 1 }],
    );
    await assert.rejects(
      included(keys.miner, { name: "serveAxon", args: { netuid: NETUID, ip: "127.0.0.1", port: 8091 } }),
      rejected("InvalidIpAddress"),
    );
  });

  it("tells hyper-parameters as they were, the next epoch, balances and what is final", async (t) => {
    const { chain, blocks } = await start(t, { burn: "5" }, { finalityLag: 2 });
    const changed = chain.sudo(
      [{ name: "setHyperParameters", args: { netuid: NETUID, change: { commitReveal: true, revealPeriod: 2 } } }],
      keys.sudo,
    );
    while ((await chain.nonce(keys.sudo.address)) === 0);
    blocks(1);
    await changed;
    const [then, now] = [await chain.hyperParameters(NETUID, 0), await chain.hyperParameters(NETUID)];
    assert.deepEqual([then.weightsMode, then.revealPeriod, then.burn], ["plain", 1, 5n]);
    assert.deepEqual([now.weightsMode, now.revealPeriod, now.epochLength], ["timelock", 2, 5]);
    assert.equal(await chain.nextEpoch(NETUID), 2);
    assert.equal((await chain.finalized()).number, 0);
    blocks(3);
    assert.equal(await chain.nextEpoch(NETUID), 7);
    assert.equal((await chain.finalized()).number, 2);
    assert.equal(await chain.balance(keys.other.address), 5n * TOKEN);
    assert.equal(await chain.balance(keys.miner.address), 0n);
  });

  it("tells how much of a tempo's space is used", async (t) => {
    const { chain, included, blocks } = await start(t);
    assert.deepEqual(await chain.commitmentSpace(NETUID, keys.miner.address), { used: 0, limit: 3100, renewed: 3 });
    await included(keys.miner, { name: "setCommitment", args: { netuid: NETUID, data: "x".repeat(128) } });
    assert.equal((await chain.commitmentSpace(NETUID, keys.miner.address)).used, 128);
    blocks(1);
    assert.deepEqual(await chain.commitmentSpace(NETUID, keys.miner.address), { used: 0, limit: 3100, renewed: 8 });
  });

  it("lists weights that are committed by hash until they are revealed or too late", async (t) => {
    const { chain, included, blocks } = await start(t, { commitReveal: true });
    blocks(2);
    const given = { netuid: NETUID, uids: [2], values: [7], salt: [1, 2], versionKey: 0 };
    const hash = weightsCommitHash({ hotkey: keys.validator.publicKey, ...given });
    const waiting = () => chain.pendingWeights(NETUID, keys.validator.address);
    await included(keys.validator, { name: "commitWeights", args: { netuid: NETUID, commit: hash } });
    assert.deepEqual(await waiting(), [{ hash, block: 3, reveal: { first: 8, last: 12 } }]);
    await assert.rejects(
      included(keys.validator, { name: "revealWeights", args: given }),
      (error) => rejected("RevealTooEarly")(error) && error instanceof Error && /8 to 12/.test(error.message),
    );
    blocks(3);
    await included(keys.validator, { name: "revealWeights", args: given });
    assert.deepEqual(await waiting(), []);
    assert.deepEqual(await chain.weights(NETUID), [{ uid: 1, weights: [[2, 65535]] }]);
    await included(keys.validator, { name: "commitWeights", args: { netuid: NETUID, commit: hash } });
    assert.equal((await waiting()).length, 1);
    blocks(9);
    assert.deepEqual(await waiting(), [], "in its tempo and the next, no longer");
  });

  it("publishes its beacon's rounds in time and opens with them what is locked to them", async (t) => {
    const { publicKey } = publicBeacon(drand);
    const first = pulse(drand, 1, drand.genesisTime * 1000)!;
    assert.ok(verifyPulse(publicKey, 1, first));
    assert.equal(pulse(drand, 2, drand.genesisTime * 1000 + 2999), undefined);
    assert.equal(pulse(drand, 0, drand.genesisTime * 1000), undefined);

    const { chain, included, blocks } = await start(t, { commitReveal: true, weightsRateLimit: 0 });
    blocks(7);
    const lock = (round: number, values: number[], hotkey?: Uint8Array) =>
      Buffer.from(
        encryptTimelock(encodeTimelockPayload({ uids: [0, 2], values, versionKey: 0 }, hotkey), { round, publicKey }),
      ).toString("hex");
    const commit = (ciphertext: string, revealRound: number): ChainCall => ({
      name: "commitTimelockedWeights",
      args: { netuid: NETUID, commit: ciphertext, revealRound },
    });
    const bound = lock(4, [1, 2], keys.validator.publicKey);
    await included(keys.validator, commit(bound, 4));
    await included(keys.validator, commit(lock(4, [9, 1], keys.miner.publicKey), 4));
    await included(keys.validator, commit(lock(5, [9, 2]), 5));
    const [pending, ...others] = await chain.pendingWeights(NETUID, keys.validator.address);
    assert.deepEqual(pending, { hash: ciphertextHash(Buffer.from(bound, "hex")), block: 8, reveal: { round: 4 } });
    assert.equal(others.length, 2);
    blocks(1);
    assert.deepEqual(await chain.weights(NETUID), []);
    blocks(1);
    // The second is bound to another hotkey; the third's round is published 12 s after the first, the parent's time is 11 s.
    const row = [
      [0, 32768],
      [2, 65535],
    ];
    assert.deepEqual(await chain.weights(NETUID), [{ uid: 1, weights: row }]);
    assert.deepEqual(await chain.pendingWeights(NETUID, keys.validator.address), []);
  });
});
