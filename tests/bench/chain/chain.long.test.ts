import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { WebSocketServer } from "ws";
import { startCountingProxy } from "#bench/chain/counting-proxy.js";
import { fullGenesis, minerWeights, NEURONS, neuronKeys, VALIDATORS } from "#bench/chain/full-subnet.js";
import { describeChain, perSecond } from "#bench/chain/report.js";
import { fullNetwork, measureYuma, nextNetwork } from "#bench/chain/yuma.js";
import { RpcSocket } from "#shared/chain/connection/rpc-socket.js";
import { genesisSchema } from "#shared/chain/devchain/genesis.js";
import { yumaEpoch } from "#shared/chain/yuma/epoch.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { HANG_GUARD } from "../../support/hang-guard.js";

describe("the chain bench's subnet", () => {
  it("is full, with as many validators as may hold a permit", async () => {
    const keys = await neuronKeys();
    const [subnet] = genesisSchema.parse(fullGenesis(keys)).subnets;
    assert.equal(new Set([subnet!.ownerHotkey, ...subnet!.neurons]).size, NEURONS);
    assert.equal(subnet!.neurons.length, subnet!.hyperParameters.maxUids - 1);
    assert.equal(Object.keys(subnet!.stakes).length, subnet!.hyperParameters.maxValidators);
  });

  it("has weights of every validator on every miner, the largest the whole", () => {
    const rows = Array.from({ length: VALIDATORS }, (_, uid) => minerWeights(uid));
    for (const row of rows) {
      assert.deepEqual(
        row.map(([uid]) => uid),
        Array.from({ length: NEURONS - VALIDATORS }, (_, i) => VALIDATORS + i),
      );
      assert.equal(Math.max(...row.map(([, weight]) => weight)), 65535);
    }
    assert.deepEqual(minerWeights(3), rows[3]);
    assert.notDeepEqual(rows[3], rows[4]);
  });

  it("makes Yuma do all of its work: everybody counts, and bonds are carried", () => {
    const first = fullNetwork();
    const results = yumaEpoch(first);
    assert.deepEqual(
      results.map(({ permit, active }) => [permit, active]),
      first.neurons.map((_, uid) => [uid < VALIDATORS, true]),
    );
    assert.ok(results.slice(VALIDATORS).every(({ incentive, consensus }) => incentive > 0 && consensus > 0));
    assert.ok(results.slice(0, VALIDATORS).every(({ dividends, bonds }) => dividends > 0 && bonds.length > 0));
    const next = nextNetwork(first, results);
    assert.deepEqual(next.neurons[5]!.bonds, results[5]!.bonds);
    assert.ok(yumaEpoch(next).every(({ active }) => active));
    assert.equal(measureYuma(2, 0).length, 2);
  });
});

describe("the chain bench's report", () => {
  const times = { accepted: [400, 500, 600], included: [1000, 900, 1100], full: [400], empty: [1], epoch: [20] };
  const metagraph = { questions: 1, bytes: 90_000, fresh: [2, 4, 3], again: [1, 1, 1] };
  const figures = { blocks: { extrinsics: 250, ...times }, metagraph, yuma: [12, 10, 11], runtime: null };

  it("says extrinsics a second from the median", () => {
    assert.equal(perSecond(250, times.included), 250);
    const lines = describeChain(figures).split("\n");
    assert.match(lines.find((line) => line.includes("signed"))!, / 500 +500\.0 ms +600\.0 ms$/);
    assert.match(lines.find((line) => line.includes("and included"))!, / 250 +1000\.0 ms +1100\.0 ms$/);
  });

  it("sets the real runtime's metagraph beside the devchain's, or says how to", () => {
    assert.match(describeChain(figures), /set BLOCKZERO_SUBTENSOR_RUNTIME/);
    const runtime = { runtime: "node-subtensor/293", metagraph: { ...metagraph, questions: 2 } };
    const text = describeChain({ ...figures, runtime });
    assert.match(text, /^ +devchain +1 +90 kB +3\.0 ms +4\.0 ms +1\.0 ms$/m);
    assert.match(text, /^ +node-subtensor\/293 +2 +90 kB/m);
    assert.doesNotMatch(text, /BLOCKZERO_SUBTENSOR_RUNTIME/);
  });
});

describe("the chain bench's proxy", { timeout: HANG_GUARD }, () => {
  it("passes everything on, and counts questions and the bytes of answers", async (t) => {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    t.after(() => server.close());
    server.on("connection", (socket) =>
      socket.on("message", (data) => {
        const { id } = JSON.parse(String(data));
        socket.send(JSON.stringify({ jsonrpc: "2.0", id, result: "ü".repeat(10) }));
      }),
    );
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const proxy = await startCountingProxy(`ws://127.0.0.1:${address.port}`);
    t.after(() => proxy.close());
    const socket = new RpcSocket({
      endpoints: [proxy.endpoint],
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      greet: async () => {},
      onReady: () => {},
      onNotification: () => {},
      onEnd: () => {},
    });
    assert.deepEqual(await Promise.all([1, 2].map((n) => socket.request("echo", [n]))), Array(2).fill("ü".repeat(10)));
    const { questions, bytes } = proxy.take();
    assert.equal(questions, 2);
    assert.ok(bytes > 2 * 20 && bytes < 200, String(bytes));
    assert.deepEqual(proxy.take(), { questions: 0, bytes: 0 });
    await socket.fail(new BlockZeroError("CHAIN_CLOSED", "the test is over", "run it again"));
  });
});
