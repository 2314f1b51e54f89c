import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { burnedRegister, setCommitment, setWeights } from "#shared/chain/call.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { ChainRejected } from "#shared/chain/writer/chain-rejected.js";
import { nextAllowed, nextCommitment, nextWeights } from "#shared/chain/writer/rate-limits.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { makeGenesis, makeKeys, NETUID, temporaryHome } from "../support.js";

const start = async (t: TestContext) => {
  const keys = await makeKeys();
  const genesis = makeGenesis(keys, { weightsRateLimit: 10, servingRateLimit: 7 });
  const node = await startDevchain({ home: await temporaryHome(t), genesis, port: 0, blockTimeMs: 0 });
  t.after(() => node.close());
  const chain = await connectDevchain({ endpoint: node.endpoint });
  t.after(() => chain.close());
  /** Resolves in the block that is built next. */
  const included = async (call: Parameters<typeof chain.submit>[0], signer = keys.validator) => {
    const nonce = await chain.nonce(signer.address);
    const written = chain.submit(call, signer);
    while ((await chain.nonce(signer.address)) === nonce);
    node.newBlocks(1);
    return written;
  };
  return { keys, node, chain, included };
};

const weights = setWeights(NETUID, [[2, 65535]], 0);

describe("the next block that a rate limit allows", { timeout: HANG_GUARD }, () => {
  it("is that in which the chain takes weights again, and not one earlier", async (t) => {
    const { keys, node, chain, included } = await start(t);
    node.newBlocks(5);
    const { block } = await included(weights);
    const allowed = await nextAllowed(chain, weights, keys.validator.address);
    assert.equal(allowed, block + 10);
    node.newBlocks(allowed - 2 - block);
    await assert.rejects(
      included(weights),
      (error) => error instanceof ChainRejected && error.reason === "SettingWeightsTooFast",
    );
    assert.equal((await included(weights)).block, allowed);
  });

  it("is that in which the chain takes a commitment again", async (t) => {
    const { keys, node, chain } = await start(t);
    const call = setCommitment(NETUID, "x".repeat(100));
    const space = await chain.commitmentSpace(NETUID, keys.miner.address);
    const all = Array.from({ length: Math.floor(space.limit / 100) }, () => chain.submit(call, keys.miner));
    while ((await chain.nonce(keys.miner.address)) < all.length);
    assert.equal(await nextAllowed(chain, call, keys.miner.address), 0);
    node.newBlocks(1);
    await Promise.all(all);
    const allowed = await nextAllowed(chain, call, keys.miner.address);
    assert.equal(allowed, (await chain.commitmentSpace(NETUID, keys.miner.address)).renewed);
    assert.ok(allowed > node.head.number + 1);
    node.newBlocks(allowed - 1 - node.head.number);
    const write = chain.submit(call, keys.miner);
    while ((await chain.nonce(keys.miner.address)) === all.length);
    node.newBlocks(1);
    assert.equal((await write).block, allowed);
  });

  it("is that in which the chain takes an axon again, and not one earlier", async (t) => {
    const { keys, node, chain, included } = await start(t);
    const call = { name: "serveAxon", args: { netuid: NETUID, ip: "203.0.113.5", port: 8091 } } as const;
    assert.equal(await nextAllowed(chain, call, keys.miner.address), 0);
    const { block } = await included(call, keys.miner);
    const allowed = await nextAllowed(chain, call, keys.miner.address);
    assert.equal(allowed, block + 7);
    node.newBlocks(allowed - 2 - block);
    await assert.rejects(
      included(call, keys.miner),
      (error) => error instanceof ChainRejected && error.reason === "ServingRateLimitExceeded",
    );
    assert.equal((await included(call, keys.miner)).block, allowed);
  });

  it("is not known where the chain's state does not say, and never comes for what fits no space", async (t) => {
    const { keys, chain } = await start(t);
    assert.equal(await nextAllowed(chain, burnedRegister(NETUID, keys.other.address), keys.other.address), 0);
    assert.equal(await nextAllowed(chain, weights, keys.other.address), 0);
    assert.equal(nextCommitment("x".repeat(128), { used: 0, limit: 100, renewed: 9 }), Number.POSITIVE_INFINITY);
    assert.equal(nextWeights({ lastUpdate: 0 }, { weightsRateLimit: 100 }), 0);
  });
});
