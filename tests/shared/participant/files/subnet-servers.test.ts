import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Metagraph } from "#shared/chain/chain.js";
import { ChainRejected } from "#shared/chain/writer/chain-rejected.js";
import { rankServers, readServers } from "#shared/participant/files/subnet-servers.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { NETUID } from "#tests/support/micro-network.js";
import { openSubnet } from "#tests/support/subnet.js";

describe("who is asked for a file", { timeout: HANG_GUARD }, () => {
  it("is validators and the owner, those first that name it, then others, whatever they name", async (t) => {
    const subnet = await openSubnet(t);
    const head = { network: shortHash(subnet.networkHash), cycle: 1 };
    const [report, other] = ["1", "2"].map((digit) => digit.repeat(64));
    const at = (port: number) => `http://127.0.0.1:${port}`;
    await subnet.record({
      vera: encodeRecord({ type: "report", ...head, report: other!, location: at(1) }),
      vito: encodeRecord({ type: "report", ...head, report: report!, location: at(2) }),
      ann: encodeRecord({ type: "reveal", ...head, group: "math", artifact: report!, location: at(3) }),
    });
    const state = await readServers(subnet.chain, NETUID);
    for (const random of [() => 0, () => 0.9]) {
      const servers = rankServers(state, report, random);
      assert.equal(servers[0], at(2));
      assert.deepEqual(new Set(servers.slice(1, 3)), new Set([at(1), subnet.location]));
      assert.deepEqual(servers.slice(3), [at(3)]);
    }
    const draws = [0.3, 0.2, 0.1, 0];
    const drawn = rankServers(state, undefined, () => draws.shift()!);
    assert.equal(drawn.at(-1), at(3));
  });

  it("has one location for each hotkey, the newest that a record of it named", () => {
    const head = { network: "0".repeat(8), cycle: 1 };
    const at = (port: number) => `http://127.0.0.1:${port}`;
    const report = "1".repeat(64);
    const record = (block: number, named: string) => ({
      hotkey: "mallory",
      block,
      data: encodeRecord({ type: "report", ...head, report: named, location: at(block) }),
    });
    const held = { hotkey: "mallory", block: 9, data: encodeRecord({ type: "held", ...head, held: [0] }) };
    const neuron = (hotkey: string) => ({ hotkey, stake: 1n, validatorPermit: true });
    const metagraph = { ownerHotkey: "owner", neurons: ["mallory", "vera"].map(neuron) } as unknown as Metagraph;
    const vera = { ...record(5, "3".repeat(64)), hotkey: "vera" };
    const commitments = [held, record(2, report), record(4, "2".repeat(64)), record(3, report), vera];
    for (const order of [commitments, [...commitments].reverse()])
      assert.deepEqual(
        rankServers({ metagraph, commitments: order }, report),
        [at(4), at(5)],
        "whichever names the file",
      );
  });

  it("is read of a subnet that is younger than the phases before", async () => {
    const created = 20;
    const commitment = { hotkey: "ann", data: "", block: created };
    const chain = {
      head: async () => ({ number: 31, hash: "", timestamp: 0 }),
      metagraph: async () => ({ netuid: NETUID, block: 31, ownerHotkey: "owner", neurons: [] }),
      commitments: async (_: number, block = 31) => {
        if (block < created) throw new ChainRejected("SubNetworkDoesNotExist", `subnet ${NETUID} does not exist`);
        return [commitment];
      },
    };
    const phases = { distribute: 4, train: 20, commit: 3, reveal: 3, evaluate: 8, exchange: 4, choose: 12, merge: 6 };
    const { commitments } = await readServers(chain, NETUID, phases);
    assert.deepEqual(commitments, [commitment, commitment]);
  });
});

describe("the network file", { timeout: HANG_GUARD }, () => {
  it("is had of whoever joined while the owner's server is down, and by who comes back", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann", { checkpoint_keep_top_k: 1 });
    await ann.blobs.turn(1);
    await ann.blobs.turn(9);
    await subnet.record({
      ann: encodeRecord({
        type: "reveal",
        network: shortHash(subnet.networkHash),
        cycle: 1,
        group: "math",
        artifact: "3".repeat(64),
        location: ann.location,
      }),
    });
    await subnet.store.delete(subnet.networkHash);
    const bob = await subnet.join("bob");
    assert.equal(bob.networkHash, subnet.networkHash);
    await ann.leave();
    await bob.leave();
    const again = await subnet.join("bob");
    assert.equal(again.networkHash, subnet.networkHash);
    await again.leave();
    await assert.rejects(subnet.join("vera"), (thrown: Error & { code?: string; hint?: string }) => {
      assert.match(thrown.message, /^the network file of subnet 1, [0-9a-f]{64} could not be had: .*127\.0\.0\.1/);
      assert.match(thrown.hint ?? "", /one server that has it is enough/);
      return true;
    });
  });
});
