import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { followNetwork } from "#shared/participant/agreement/follow-network.js";
import { agreeOnNetwork } from "#shared/participant/join/agree-on-network.js";
import { canonicalBytes, hashJson } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { NETUID, template } from "../../../support/micro-network.js";
import { silentAt } from "../../../support/silent-at.js";
import { askedInVain, type Living, openSubnet, type Subnet, until } from "../../../support/subnet.js";
import { publishFile, successorOf } from "../../../support/successor.js";

const CHANGE = { scoring: { ...template.scoring, eval_batches: 10 } };

/** A file whose sealed text nobody has is announced for cycle 3. */
const announceWithoutText = async (t: Living) => {
  const sealed = { group: "math", documents: ["what nobody knows yet ".repeat(99)], envelopeBytes: 200 };
  const subnet = await openSubnet(t, { sealed });
  const vera = await subnet.join("vera");
  const { groups } = subnet.network;
  const math = groups.math!;
  const index = "ab".repeat(32);
  const gone = { groups: { ...groups, math: { ...math, sealed: { ...math.sealed!, index } } } };
  const hash = await publishFile(subnet, successorOf(subnet.network, 3, gone));
  const isTold = () =>
    vera.lines.some(({ level, fields }) => level === "warn" && String(fields.reason).includes(index));
  return { subnet, vera, hash, isTold };
};

describe("the network file that is in force from a cycle on", { timeout: HANG_GUARD }, () => {
  it("is asked for again at the next block where nobody sent it", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const hash = await publishFile(subnet, successorOf(subnet.network, 2, CHANGE));
    const file = (await subnet.store.get(hash))!;
    await subnet.store.delete(hash);
    await subnet.to(subnet.window(2, "distribute").start);
    const checked = followNetwork(vera)(2);
    const gone = assert.rejects(checked, { code: "NETWORK_SUCCEEDED" });
    const said = (text: string) => vera.lines.some(({ message }) => message === text);
    await until(t, () => said("the network file that the owner published cannot be had") || said("blob not fetched"));
    await subnet.store.put(file);
    await subnet.to(subnet.node.head.number + 1);
    await gone;
  });

  it("is told at once where its text cannot be had: its owner can still be asked", async (t) => {
    const { vera, isTold } = await announceWithoutText(t);
    await followNetwork(vera)(1);
    await until(t, isTold);
  });

  it("is asked for its text no more once its owner takes it back, and is told where it is announced again", async (t) => {
    const { subnet, vera, hash, isTold } = await announceWithoutText(t);
    const follow = followNetwork(vera);
    const announced = () => vera.lines.filter(({ message }) => message === "another network file is announced").length;
    const asked = () =>
      vera.lines.filter(({ fields }) => /^the text of the announced network file/.test(String(fields.task))).length;
    await follow(1);
    await until(t, isTold);
    const publish = (of: string) => {
      const record = { type: "network", network: shortHash(of), hash: of, location: subnet.location } as const;
      return subnet.record({ owner: encodeRecord(record) });
    };
    await publish(subnet.networkHash);
    await until(t, () => asked() === 2);
    await follow(1);
    await subnet.to(subnet.node.head.number + 1);
    await publish(hash);
    await follow(1);
    assert.equal(announced(), 2);
    await until(t, () => asked() > 2);
    assert.equal(asked(), 3);
  });

  it("is not said by less than half of the stake, where nobody sends it and the others are not all under one file", async (t) => {
    const subnet = await openSubnet(t, { validators: { mallory: 4900, vera: 4000, vito: 1100 } });
    const vera = await subnet.join("vera");
    const hash = await publishFile(subnet, successorOf(subnet.network, 2, CHANGE));
    await subnet.store.delete(hash);
    const under = (network: string, cycle: number) =>
      encodeRecord({ type: "held", network: shortHash(network), cycle, held: [0] });
    await subnet.record({
      mallory: under(hash, 2),
      vera: under(subnet.networkHash, 1),
      vito: under("0".repeat(64), 0),
    });
    const { start } = subnet.window(2, "distribute");
    await subnet.to(start);
    const checked = followNetwork(vera)(2);
    const since = vera.lines.length;
    await askedInVain(t, subnet, vera, since);
    await subnet.to(start + 2);
    await checked;
    assert.ok(vera.lines.some(({ message }) => message === "the network file that the owner published cannot be had"));

    const home = join(subnet.home, "vera", vera.signer.address);
    assert.equal(
      (await agreeOnNetwork({ netuid: NETUID, network: undefined }, home, vera)).networkHash,
      subnet.networkHash,
    );
  });

  it("is named at the next block where the chain did not answer", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    await publishFile(subnet, successorOf(subnet.network, 2, CHANGE));
    const { start } = subnet.window(2, "distribute");
    await subnet.to(start);
    const gone = assert.rejects(followNetwork(silentAt(vera, start))(2), { code: "NETWORK_SUCCEEDED" });
    await subnet.to(start + 1);
    await gone;
  });
});

describe("a network file that only a later version can read", { timeout: HANG_GUARD }, () => {
  /** The owner's record names it, and everybody can have it. */
  const publish = async (subnet: Subnet, file: object): Promise<string> => {
    const bytes = canonicalBytes(file);
    await subnet.store.put(bytes);
    const hash = hashJson(file);
    const record = { type: "network", network: shortHash(hash), hash, location: subnet.location } as const;
    await subnet.record({ owner: encodeRecord(record) });
    return hash;
  };

  it("is announced until its first cycle, in which it ends the participation", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const hash = await publish(subnet, { ...successorOf(subnet.network, 3, CHANGE), later_field: 1 });
    const follow = followNetwork(vera);
    await follow(1);
    await follow(2);
    const told = vera.lines.filter(({ fields }) => fields.network === hash && fields.cycle === 3);
    assert.deepEqual(
      told.map(({ level, message }) => [level, message.replace(/:.*/, "")]),
      [["error", "an announced network file cannot be read"]],
    );
    assert.equal((await subnet.join("vito")).networkHash, subnet.networkHash, "nor does it keep anybody from joining");
    await assert.rejects(follow(3), { code: "NETWORK_CHANGED" });
  });

  it("leaves one before it that can be read in force from its first cycle on", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const next = successorOf(subnet.network, 2, CHANGE);
    const nextHash = await publishFile(subnet, next);
    await publish(subnet, { ...successorOf(next, 4), later_field: 1 });
    const follow = followNetwork(vera);
    await follow(1);
    assert.ok(vera.lines.some(({ message }) => message === "another network file is announced"));
    await subnet.to(subnet.window(2, "distribute").start);
    await assert.rejects(follow(2), { code: "NETWORK_SUCCEEDED" });
    assert.equal((await subnet.join("vito")).networkHash, nextHash);
  });

  it("ends it at once where it succeeds nothing", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    await publish(subnet, { ...subnet.network, first_cycle: 9, later_field: 1 });
    await assert.rejects(followNetwork(vera)(1), { code: "NETWORK_CHANGED" });
    await assert.rejects(subnet.join("vito"), { code: "NETWORK_FILE_INVALID" });
  });
});
