import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type ChainCall, setCommitment, setWeights } from "#shared/chain/call.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import type { HyperParameterChange } from "#shared/chain/devchain/genesis.js";
import { ciphertextHash, weightsCommitHash } from "#shared/chain/weights/payload.js";
import { dryRun } from "#shared/chain/writer/dry-run.js";
import type { Signer } from "#shared/protocol/signer.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { makeGenesis, makeKeys, NETUID, temporaryHome } from "../support.js";

const start = async (t: TestContext, change: HyperParameterChange = {}) => {
  const keys = await makeKeys();
  const genesis = makeGenesis(keys, { tempo: 9, ...change });
  const node = await startDevchain({ home: await temporaryHome(t), genesis, port: 0, blockTimeMs: 0 });
  t.after(() => node.close());
  const chain = await connectDevchain({ endpoint: node.endpoint });
  t.after(() => chain.close());
  const printed: string[] = [];
  const dry = dryRun(chain, ({ bytes }) => printed.push(bytes));
  /** In the block that is built next. */
  const write = async (call: ChainCall, signer: Signer) => {
    const before = printed.length;
    const written = dry.submit(call, signer);
    while (printed.length === before) await chain.head();
    node.newBlocks(1);
    return written;
  };
  /** The two of them see this head too. */
  const to = async (block: number) => {
    node.newBlocks(block - node.head.number);
    await chain.head();
  };
  return { keys, node, chain, dry, printed, write, to };
};

describe("a dry run", { timeout: HANG_GUARD }, () => {
  it("prints what would be sent, shows its writer the effect, and sends nothing", async (t) => {
    const { keys, node, chain, dry, printed, write, to } = await start(t);
    await to(5);
    const call = setCommitment(NETUID, "a rehearsal");
    const exact = await chain.prepare(call, keys.miner);
    assert.deepEqual(await write(call, keys.miner), { block: 6, blockHash: node.head.hash });
    assert.deepEqual(JSON.parse(printed[0]!).call, JSON.parse(exact.bytes).call);
    assert.equal(JSON.parse(printed[0]!).nonce, 0);
    await write(setWeights(NETUID, [[2, 1]], 0), keys.validator);
    await write({ name: "serveAxon", args: { netuid: NETUID, ip: "203.0.113.5", port: 8091 } }, keys.miner);

    const { neurons } = await dry.metagraph(NETUID);
    assert.deepEqual([neurons[1]!.lastUpdate, neurons[1]!.axon], [7, null]);
    assert.deepEqual(neurons[2]!.axon, { ip: "203.0.113.5", port: 8091, block: 8 });
    assert.deepEqual(await dry.weights(NETUID), [{ uid: 1, weights: [[2, 65535]] }]);
    assert.deepEqual(await dry.weights(NETUID, 6), []);
    await to(9);
    assert.deepEqual(await chain.commitments(NETUID), []);
    assert.deepEqual(await chain.weights(NETUID), []);
    assert.equal((await chain.metagraph(NETUID)).neurons[1]!.lastUpdate, 0);
    assert.deepEqual([await chain.nonce(keys.miner.address), await chain.nonce(keys.validator.address)], [0, 0]);
  });

  it("remembers each of a key's commitments as of its block, over what is on chain", async (t) => {
    const { keys, chain, dry, write, to } = await start(t);
    const real = chain.submit(setCommitment(NETUID, "real"), keys.miner);
    while ((await chain.nonce(keys.miner.address)) === 0);
    await to(1);
    await real;
    await write(setCommitment(NETUID, "first"), keys.miner);
    await write(setCommitment(NETUID, "second"), keys.miner);
    const dataAt = async (block?: number) => (await dry.commitments(NETUID, block)).map(({ data }) => data);
    assert.deepEqual(await Promise.all([dataAt(0), dataAt(1), dataAt(2), dataAt(3), dataAt()]), [
      [],
      ["real"],
      ["first"],
      ["second"],
      ["second"],
    ]);
  });

  it("shows weights that would be committed as the chain shows those that are, to their revelation", async (t) => {
    const rehearsal = await start(t, { commitReveal: true });
    const real = await start(t, { commitReveal: true });
    const { validator } = real.keys;
    const reallyWrite = async (call: ChainCall) => {
      const nonce = await real.chain.nonce(validator.address);
      const written = real.chain.submit(call, validator);
      while ((await real.chain.nonce(validator.address)) === nonce);
      real.node.newBlocks(1);
      await written;
    };
    const both = async (call: ChainCall) => {
      await Promise.all([rehearsal.write(call, validator), reallyWrite(call)]);
    };
    const pending = () =>
      Promise.all([rehearsal.dry, real.chain].map((chain) => chain.pendingWeights(NETUID, validator.address)));
    const values = { uids: [0, 2], values: [10000, 32768], versionKey: 0 };
    const commitment = (salt: number) =>
      weightsCommitHash({ ...values, salt: [salt], hotkey: validator.publicKey, netuid: NETUID });
    await Promise.all([rehearsal.to(8), real.to(8)]);
    // Block 17 is the last of its tempo, and an epoch's.
    for (let block = 9; block <= 18; block++)
      await both({ name: "commitWeights", args: { netuid: NETUID, commit: commitment(block) } });
    const [shown, actual] = await pending();
    assert.equal(actual!.length, 10);
    assert.deepEqual(shown, actual);

    await both({ name: "revealWeights", args: { netuid: NETUID, ...values, salt: [12] } });
    const [left, actuallyLeft] = await pending();
    assert.deepEqual(left, actuallyLeft);
    assert.deepEqual(left, shown!.slice(4));
    const rows = await rehearsal.dry.weights(NETUID);
    assert.deepEqual(rows, await real.chain.weights(NETUID));
    assert.equal(rows[0]!.uid, 1);

    await Promise.all([rehearsal.to(38), real.to(38)]);
    assert.deepEqual(await pending(), [[], []]);
    assert.deepEqual(await rehearsal.chain.weights(NETUID), []);
    assert.equal(await rehearsal.chain.nonce(validator.address), 0);
  });

  it("shows timelocked weights by their ciphertext's hash and round, for as long as they could wait", async (t) => {
    const { keys, dry, write, to } = await start(t, { commitReveal: true });
    const commit = "ab".repeat(200);
    await to(8);
    await write({ name: "commitTimelockedWeights", args: { netuid: NETUID, commit, revealRound: 77 } }, keys.validator);
    const hash = ciphertextHash(Buffer.from(commit, "hex"));
    assert.deepEqual(await dry.pendingWeights(NETUID, keys.validator.address), [
      { hash, block: 9, reveal: { round: 77 } },
    ]);
    assert.equal((await dry.metagraph(NETUID)).neurons[1]!.lastUpdate, 9);
    await to(28);
    assert.deepEqual(await dry.pendingWeights(NETUID, keys.validator.address), []);
  });
});
