import assert from "node:assert/strict";
import { before, describe, it, type TestContext } from "node:test";
import { WebSocketServer } from "ws";
import { addStake, burnedRegister, setCommitment, setWeights } from "#shared/chain/call.js";
import type { Head } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import type { HyperParameterChange } from "#shared/chain/devchain/genesis.js";
import { ChainRejected } from "#shared/chain/writer/chain-rejected.js";
import type { Signer } from "#shared/protocol/signer.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { type Keys, makeGenesis, makeKeys, NETUID, TOKEN, temporaryHome } from "../support.js";

let keys: Keys;
before(async () => {
  keys = await makeKeys();
});

const start = async (t: TestContext, change: HyperParameterChange = {}, retention = 4096) => {
  const home = await temporaryHome(t);
  const node = await startDevchain({ home, genesis: makeGenesis(keys, change), port: 0, blockTimeMs: 0, retention });
  t.after(() => node.close());
  const chain = await connectDevchain({ endpoint: node.endpoint });
  t.after(() => chain.close());
  /** Blocks are built by hand: one is, as soon as the node has what the signer writes. */
  const included = async <T>(signer: Signer, write: () => Promise<T>): Promise<T> => {
    const nonce = await chain.nonce(signer.address);
    const written = write();
    while ((await chain.nonce(signer.address)) === nonce);
    node.newBlocks(1);
    return written;
  };
  return { node, chain, included };
};

const rejected = (reason: string) => (error: unknown) =>
  error instanceof ChainRejected && error.code === "CHAIN_REJECTED" && error.reason === reason;

describe("a chain", { timeout: HANG_GUARD }, () => {
  it("registers, and shows the metagraph then and before", async (t) => {
    const { chain, included } = await start(t);
    const inclusion = await included(keys.other, () =>
      chain.submit(burnedRegister(NETUID, keys.other.address), keys.other),
    );
    assert.equal(inclusion.blockHash, await chain.blockHash(inclusion.block));
    const { neurons, ownerHotkey, block } = await chain.metagraph(NETUID);
    assert.deepEqual([ownerHotkey, block, neurons.length], [keys.owner.address, 1, 4]);
    assert.deepEqual(
      [neurons[3]!.hotkey, neurons[3]!.coldkey, neurons[3]!.registeredAt, neurons[3]!.stake],
      [keys.other.address, keys.other.address, 1, 0n],
    );
    assert.equal(neurons[1]!.stake, 1000n * TOKEN);
    assert.equal((await chain.metagraph(NETUID, 0)).neurons.length, 3);
    await assert.rejects(
      included(keys.other, () => chain.submit(burnedRegister(NETUID, keys.other.address), keys.other)),
      rejected("HotKeyAlreadyRegisteredInSubNet"),
    );
    await assert.rejects(chain.metagraph(9), rejected("SubNetworkDoesNotExist"));
  });

  it("keeps commitments, readable at any block it still holds", async (t) => {
    const { chain, included } = await start(t, {}, 3);
    const first = await included(keys.miner, () => chain.submit(setCommitment(NETUID, "erste Fassung ü"), keys.miner));
    const second = await included(keys.miner, () => chain.submit(setCommitment(NETUID, "second"), keys.miner));
    const hotkey = keys.miner.address;
    assert.deepEqual(await chain.commitments(NETUID, first.block), [
      { hotkey, data: "erste Fassung ü", block: first.block },
    ]);
    assert.deepEqual(await chain.commitments(NETUID), [{ hotkey, data: "second", block: second.block }]);
    assert.deepEqual(await chain.commitments(NETUID, 0), []);
    await assert.rejects(
      included(keys.other, () => chain.submit(setCommitment(NETUID, "x"), keys.other)),
      rejected("AccountNotAllowedCommit"),
    );
    await assert.rejects(chain.submit(setCommitment(NETUID, "x".repeat(129)), keys.miner), rejected("Malformed"));
    await chain.newBlocks(5);
    await assert.rejects(chain.commitments(NETUID, first.block), coded("STATE_DISCARDED"));
    await assert.rejects(chain.blockHash(1000), coded("BLOCK_UNKNOWN"));
  });

  it("takes weights with a permit only, not too often, and pays by them at the epoch", async (t) => {
    const { chain, included } = await start(t, { weightsRateLimit: 2 });
    const weights = [
      [2, 65535],
      [0, 20000],
    ] as const;
    await chain.newBlocks(1);
    await assert.rejects(
      included(keys.miner, () => chain.submit(setWeights(NETUID, weights, 0), keys.miner)),
      rejected("NeuronNoValidatorPermit"),
    );
    const { block } = await included(keys.validator, () =>
      chain.submit(setWeights(NETUID, weights, 0), keys.validator),
    );
    await assert.rejects(
      included(keys.validator, () => chain.submit(setWeights(NETUID, weights, 0), keys.validator)),
      (error) => {
        assert.ok(rejected("SettingWeightsTooFast")(error));
        assert.match((error as Error).message, new RegExp(`retry at block ${block + 2}`));
        return true;
      },
    );
    assert.deepEqual(await chain.weights(NETUID), [{ uid: 1, weights }]);
    assert.deepEqual(await chain.weights(NETUID, block - 1), []);
    const before = await chain.metagraph(NETUID);
    await chain.newBlocks(5);
    const after = await chain.metagraph(NETUID);
    const [owner, validator, miner] = after.neurons;
    assert.equal(Math.round(miner!.incentive * 65535), 50211);
    assert.equal(Math.round(owner!.incentive * 65535), 15323);
    assert.deepEqual([validator!.dividends, validator!.validatorPermit, validator!.lastUpdate], [1, true, block]);
    assert.ok(miner!.emission > TOKEN && miner!.stake > before.neurons[2]!.stake);
  });

  it("lets the sudo key make subnets and money, and anyone stake it", async (t) => {
    const { chain, included } = await start(t);
    const calls = [
      { name: "createSubnet", args: { netuid: 5, ownerHotkey: keys.owner.address, hyperParameters: { tempo: 99 } } },
      { name: "faucet", args: { account: keys.miner.address, amount: String(3n * TOKEN) } },
    ] as const;
    await assert.rejects(
      included(keys.miner, () => chain.sudo(calls, keys.miner)),
      rejected("RequireSudo"),
    );
    await included(keys.sudo, () => chain.sudo(calls, keys.sudo));
    const { tempo, weightsRateLimit, weightsMode, burn } = await chain.hyperParameters(5);
    assert.deepEqual([tempo, weightsRateLimit, weightsMode, burn], [99, 100, "plain", 0n]);
    await included(keys.miner, () => chain.submit(addStake(5, keys.owner.address, 2n * TOKEN), keys.miner));
    assert.equal((await chain.metagraph(5)).neurons[0]!.stake, 2n * TOKEN);
    assert.equal(await chain.balance(keys.miner.address), TOKEN);
  });

  it("puts many writes at once into one block, each key's in their order", async (t) => {
    const { node, chain } = await start(t);
    const writes = [0, 1, 2, 3, 4].flatMap((i) =>
      [keys.miner, keys.validator].map((key) => chain.submit(setCommitment(NETUID, `record ${i}`), key)),
    );
    while ((await chain.nonce(keys.miner.address)) + (await chain.nonce(keys.validator.address)) < 10);
    node.newBlocks(1);
    for (const { block } of await Promise.all(writes)) assert.equal(block, 1);
    assert.deepEqual(
      (await chain.commitments(NETUID)).map(({ data }) => data),
      ["record 4", "record 4"],
    );
  });

  it("shares a key with another writer without losing or doubling a write", async (t) => {
    const { node, chain } = await start(t, { tempo: 0 });
    const rival = await connectDevchain({ endpoint: node.endpoint });
    t.after(() => rival.close());
    const writers = [chain, rival, chain, rival, chain, rival];
    const writes = writers.map((writer, i) => writer.submit(setCommitment(NETUID, `record ${i}`), keys.miner));
    while ((await chain.nonce(keys.miner.address)) < writes.length) await rival.head();
    node.newBlocks(1);
    await Promise.all(writes);
    assert.equal(await chain.nonce(keys.miner.address), writes.length);
  });

  it("tells of every head in order", async (t) => {
    const { node, chain } = await start(t);
    node.newBlocks(2);
    await chain.head();
    const stop = new AbortController();
    const heads: Head[] = [];
    const enough = new Promise<void>((resolve) => {
      chain.onHead((head) => {
        heads.push(head);
        if (head.number === 7) {
          stop.abort();
          resolve();
        }
      }, stop.signal);
    });
    node.newBlocks(10);
    await enough;
    await chain.head();
    assert.deepEqual(
      heads.map(({ number }) => number),
      [3, 4, 5, 6, 7],
    );
    assert.equal(heads[0]!.hash, await chain.blockHash(3));
  });

  it("refuses a signer whose key is not its address", async (t) => {
    const { chain } = await start(t);
    const thief = { ...(await signerFromUri("//Thief")), address: keys.validator.address };
    await assert.rejects(chain.submit(setCommitment(NETUID, "x"), thief), rejected("BadProof"));
    assert.equal(await chain.nonce(keys.validator.address), 0);
  });
});

describe("connecting", { timeout: HANG_GUARD }, () => {
  it("fails within its time where nothing answers, and names the endpoint", async () => {
    const endpoint = "ws://127.0.0.1:9";
    await assert.rejects(connectDevchain({ endpoint, timeoutMs: 200 }), (error) => {
      assert.ok(coded("CHAIN_UNREACHABLE")(error));
      assert.match((error as Error).message, /ws:\/\/127\.0\.0\.1:9: .*ECONNREFUSED/);
      return true;
    });
  });

  it("stops when the signal aborts, before and after", async (t) => {
    const { node } = await start(t);
    await assert.rejects(
      connectDevchain({ endpoint: node.endpoint, signal: AbortSignal.abort() }),
      coded("CHAIN_CLOSED"),
    );
    const stop = new AbortController();
    const chain = await connectChain({ endpoint: node.endpoint, signal: stop.signal });
    const write = chain.submit(setCommitment(NETUID, "never built"), keys.miner);
    stop.abort();
    await assert.rejects(write, coded("CHAIN_CLOSED"));
    await assert.rejects(chain.head(), coded("CHAIN_CLOSED"));
    await chain.close();
  });

  it("refuses endpoints of no known kind", async () => {
    for (const endpoint of ["", "nonsense", "http://127.0.0.1:1"]) {
      await assert.rejects(connectChain({ endpoint }), coded("CHAIN_ENDPOINT_INVALID"));
    }
  });
});

/** Answers each method as the test says. */
const startForeign = async (t: TestContext, answers: Readonly<Record<string, unknown>>): Promise<string> => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) =>
    socket.on("message", (data) => {
      const { id, method } = JSON.parse(String(data));
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, result: answers[method] ?? null }));
    }),
  );
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
};

describe("a node that says itself that it is a devchain", { timeout: HANG_GUARD }, () => {
  it("gives no text for an address, which would be written to a terminal", async (t) => {
    const { chain } = await start(t);
    const metagraph = await chain.metagraph(NETUID);
    const commitments = [{ hotkey: keys.miner.address, data: "x", block: 0 }];
    const axon = { ip: "192.0.2.1", port: 1, block: 0 };
    const evil = "\u001b[2J";
    const neuronsWith = (change: object) => ({
      ...metagraph,
      neurons: metagraph.neurons.map((neuron) => ({ ...neuron, axon, ...change })),
    });
    const readFrom = async (found: object, listed: readonly object[]) => {
      const hash = "0".repeat(64);
      const head = { number: 0, hash, timestamp: 0 };
      const endpoint = await startForeign(t, {
        chain_subscribe: { genesis: hash, head },
        chain_heads: [head],
        subnet_metagraph: JSON.parse(
          JSON.stringify(found, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
        ),
        subnet_commitments: listed,
        chain_hash: listed === commitments ? hash : evil,
      });
      const foreign = await connectDevchain({ endpoint });
      t.after(() => foreign.close());
      return foreign;
    };
    const honest = await readFrom(neuronsWith({}), commitments);
    assert.equal((await honest.metagraph(NETUID)).neurons.length, metagraph.neurons.length);
    assert.equal((await honest.commitments(NETUID)).length, 1);
    assert.equal(await honest.blockHash(0), "0".repeat(64));
    const refused = coded("CHAIN_UNREACHABLE");
    for (const found of [
      { ...metagraph, ownerHotkey: evil },
      neuronsWith({ hotkey: evil }),
      neuronsWith({ coldkey: evil }),
      neuronsWith({ axon: { ...axon, ip: evil } }),
    ]) {
      const foreign = await readFrom(found, [{ ...commitments[0], hotkey: evil }]);
      await assert.rejects(foreign.metagraph(NETUID), refused);
      await assert.rejects(foreign.commitments(NETUID), refused);
      await assert.rejects(foreign.blockHash(0), refused);
    }
  });

  it("gives the heads that are asked for, and no others", async (t) => {
    const head = (number: number) => ({ number, hash: "0".repeat(64), timestamp: 0 });
    const join = async (heads: readonly object[]) => {
      const endpoint = await startForeign(t, {
        chain_subscribe: { genesis: head(0).hash, head: head(0) },
        chain_heads: heads,
      });
      const chain = await connectDevchain({ endpoint });
      t.after(() => chain.close());
    };
    await join([head(0)]);
    const many = Array.from({ length: 18 }, (_, i) => head(i));
    for (const heads of [many, [head(0), head(2)], [head(1)]])
      await assert.rejects(join(heads), coded("NOT_A_DEVCHAIN"));
  });
});
