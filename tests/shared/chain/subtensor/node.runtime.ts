import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import { z } from "zod";
import { roundAt } from "#shared/chain/timelock/beacon.js";
import { verifyPulse } from "#shared/chain/timelock/pulse.js";
import { rejectionHint } from "#shared/chain/writer/rejection-hints.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { keyring } from "#shared/wallet/signer.js";
import { openRuntimeSubnet, type RuntimeSubnet } from "#tests/support/subtensor.js";

const drand = { seed: "b0".repeat(32), genesisTime: 1_749_999_000, period: 3 };

describe("the offline subtensor node", { timeout: 300_000 }, () => {
  let subnet: RuntimeSubnet;
  before(async () => {
    subnet = await openRuntimeSubnet({ drand });
  });
  after(() => subnet?.close());

  it("tells inclusion in one block, and finality only with a later one", async () => {
    const { chain, own, node, owner } = subnet;
    const socket = new WebSocket(node.endpoint);
    await once(socket, "open");
    const statuses: string[] = [];
    socket.on("message", (data) => {
      const message = update.safeParse(JSON.parse(String(data)));
      if (!message.success) return;
      const { result } = message.data.params;
      statuses.push(typeof result === "string" ? result : Object.keys(result)[0]!);
    });
    const transfer = chain.api.tx.balances!.transferKeepAlive!(owner.address, 1_000_000_000n);
    const payer = keyring().addFromUri("//Runtime//Coldkey");
    const signed = await transfer.signAsync(payer, { nonce: -1 });
    socket.send(
      JSON.stringify({ jsonrpc: "2.0", id: 1, method: "author_submitAndWatchExtrinsic", params: [signed.toHex()] }),
    );
    while (statuses.length < 1) await once(socket, "message");
    await own.newBlocks(1);
    while (statuses.length < 2) await once(socket, "message");
    assert.deepEqual(statuses, ["ready", "inBlock"]);
    const included = await chain.head();
    assert.ok((await chain.finalized()).number < included.number);
    await own.newBlocks(2);
    while (statuses.length < 3) await once(socket, "message");
    assert.deepEqual(statuses, ["ready", "inBlock", "finalized"]);
    assert.equal((await chain.finalized()).hash, included.hash);
    socket.close();
  });

  it("names no error of its pallets that we have no hint for", () => {
    const { pallets, lookup } = {
      pallets: subnet.chain.api.runtimeMetadata.asLatest.pallets,
      lookup: subnet.chain.api.registry.lookup,
    };
    const ours = new Set(["SubtensorModule", "AdminUtils", "Commitments", "Swap", "Drand"]);
    const names = pallets
      .filter(({ name, errors }) => ours.has(String(name)) && errors.isSome)
      .flatMap(({ errors }) =>
        lookup.getSiType(errors.unwrap().type).def.asVariant.variants.map(({ name }) => String(name)),
      );
    assert.ok(names.length > 100);
    assert.deepEqual(
      names.filter((name) => rejectionHint(name) === undefined),
      [],
    );
  });

  it("answers all that was asked before it builds the block after the next, however fast blocks ought to come", async () => {
    const { chain, node } = subnet;
    node.setBlockTime(1);
    const { number, hash } = await chain.head();
    const answers = Array.from({ length: 8 }, (_, uid) =>
      chain.link.request("state_call", ["NeuronInfoRuntimeApi_get_neuron_lite", `0x0200${byte(uid)}00`, `0x${hash}`]),
    );
    await Promise.all(answers);
    assert.ok(node.node.head.number <= number + 2, `block ${node.node.head.number} after ${number}`);
    node.setBlockTime(0);
    await node.node.newBlocks(1);
  });

  it("has its beacon's pulses as soon as they are out, and none before", async () => {
    const { chain } = subnet;
    const { timestamp } = await chain.head();
    const round = roundAt(timestamp, drand);
    const pulse = await chain.pulse(round);
    assert.ok(pulse && verifyPulse(publicBeacon(drand).publicKey, round, pulse));
    assert.equal(await chain.pulse(round + 1), null);
    const last = await chain.api.query.drand!.lastStoredRound!();
    assert.equal(Number(last.toString()), round);
  });
});

const byte = (n: number): string => n.toString(16).padStart(2, "0");

const update = z.object({
  method: z.literal("author_extrinsicUpdate"),
  params: z.object({ result: z.union([z.string(), z.record(z.string(), z.string())]) }),
});
