import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agreedNetwork } from "#shared/participant/agreement/agreed-network.js";
import { awaitBaseModel } from "#shared/participant/agreement/await-base-model.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { NETUID } from "#tests/support/micro-network.js";
import { openSubnet, type Subnet } from "#tests/support/subnet.js";

const A = "a".repeat(64);
const B = "b".repeat(64);

const modelRecord = ({ networkHash, location }: Subnet, cycle: number, model: string, network = networkHash) =>
  encodeRecord({ type: "model", network: shortHash(network), cycle, model, location });

describe("the agreed model", { timeout: HANG_GUARD }, () => {
  it("is genesis before the first merge, and what the majority committed after it", async (t) => {
    const subnet = await openSubnet(t);
    const { models } = await subnet.join("ann");
    assert.equal(await models.baseOf(1), subnet.modelHash);
    await subnet.to(subnet.window(1, "merge").start);
    await subnet.record({ vera: modelRecord(subnet, 1, A) });
    assert.equal(await models.outcomeOf(1), null, "half of the stake is no majority");
    await subnet.record({ vito: modelRecord(subnet, 1, A) });
    assert.equal(await models.outcomeOf(1), A, "known as soon as it is certain");
    await subnet.to(subnet.window(2, "distribute").end - 1);
    assert.equal(await models.baseOf(2), A);
    assert.equal(await models.baseOf(1), subnet.modelHash);
  });

  it("counts a record until the last block of the distribute phase, and none after", async (t) => {
    const subnet = await openSubnet(t);
    const { models } = await subnet.join("ann");
    const { end } = subnet.window(2, "distribute");
    await subnet.to(end - 2);
    await subnet.record({ vera: modelRecord(subnet, 1, A), vito: modelRecord(subnet, 1, A) });
    assert.equal(subnet.node.head.number, end - 1);
    assert.equal(await models.baseOf(2), A);

    const next = subnet.window(3, "distribute").end;
    await subnet.to(next - 2);
    await subnet.record({ vera: modelRecord(subnet, 2, B) });
    await subnet.record({ vito: modelRecord(subnet, 2, B) });
    assert.equal(subnet.node.head.number, next);
    assert.equal(await models.outcomeOf(2), null, "one block too late is too late for ever");
    assert.equal(await models.baseOf(3), A, "the older model stays in force");
    const late = await subnet.join("bob");
    assert.equal(await late.models.baseOf(3), A, "and for whoever comes later");
  });

  it("is not moved by a minority, by miners, by other networks or by other cycles", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000, vito: 1999, poor: 900 } });
    const { models } = await subnet.join("ann");
    await subnet.to(subnet.window(1, "merge").start);
    await subnet.record({
      vera: modelRecord(subnet, 1, A),
      vito: modelRecord(subnet, 1, B),
      poor: modelRecord(subnet, 1, B),
      bob: modelRecord(subnet, 1, B),
      owner: modelRecord(subnet, 1, B),
    });
    assert.equal(await models.outcomeOf(1), A, "2000 of 3999 that may vote; poor has no permit");
    await subnet.record({ vera: modelRecord(subnet, 2, A), vito: modelRecord(subnet, 2, A) });
    assert.equal(await models.outcomeOf(1), null);
    await subnet.record({ vera: modelRecord(subnet, 1, A, "0".repeat(64)), vito: modelRecord(subnet, 1, A) });
    assert.equal(await models.outcomeOf(1), null, "a record of another network file says nothing here");
  });

  it("comes from the stake of the time, whatever is staked later", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000 } });
    await subnet.to(subnet.window(1, "merge").start);
    await subnet.record({ vera: modelRecord(subnet, 1, A), vito: modelRecord(subnet, 1, B) });
    await subnet.to(subnet.window(2, "distribute").end);
    const raise = subnet.chain.sudo(
      [{ name: "setStake", args: { netuid: NETUID, hotkey: subnet.signer("vito").address, amount: `${10n ** 18n}` } }],
      subnet.signer("owner"),
    );
    await subnet.sent("owner", 2);
    await subnet.to(subnet.node.head.number + 1);
    await raise;
    const { models } = await subnet.join("ann");
    assert.equal(await models.baseOf(2), A);
  });
});

describe("awaitBaseModel", { timeout: HANG_GUARD }, () => {
  it("waits for a majority until the distribute phase ends, then takes the older model", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const { start, end } = subnet.window(2, "distribute");
    await subnet.to(start);
    let settled: string | undefined;
    const base = awaitBaseModel(ann, 2).then((hash) => {
      settled = hash;
      return hash;
    });
    // The answer to a question asked after it shows that it has had time to look.
    await ann.models.outcomeOf(1);
    await subnet.chain.head();
    assert.equal(settled, undefined);
    await subnet.to(end - 1);
    assert.equal(await base, subnet.modelHash);
  });

  it("answers at once when the validators were quick", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const base = awaitBaseModel(ann, 2);
    await subnet.to(subnet.window(1, "merge").start);
    await subnet.record({ vera: modelRecord(subnet, 1, A), vito: modelRecord(subnet, 1, A) });
    await subnet.to(subnet.window(2, "distribute").start);
    assert.equal(await base, A);
  });
});

describe("the agreed network", { timeout: HANG_GUARD }, () => {
  it("is the owner's, and a file that differs is told in which field", async (t) => {
    const subnet = await openSubnet(t);
    const { chain, network, networkHash } = subnet;
    const fetch = async ({ hash }: { hash: string }) => {
      assert.equal(hash, networkHash);
      return canonicalBytes(network);
    };
    assert.deepEqual(await agreedNetwork({ chain, netuid: NETUID, fetch }), network);
    await assert.rejects(
      agreedNetwork({ chain, netuid: NETUID, fetch: async () => new TextEncoder().encode("<html>") }),
      { name: "BlockZeroError" },
    );
    await subnet.record({ owner: "hello" });
    await assert.rejects(agreedNetwork({ chain, netuid: NETUID, fetch }), { code: "NETWORK_NOT_PUBLISHED" });
  });
});
