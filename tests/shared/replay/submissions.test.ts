import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet, type Subnet } from "../../support/subnet.js";

const hash = (digit: string) => digit.repeat(64);

const records = ({ networkHash, location }: Subnet, cycle = 1, network = networkHash) => {
  const head = { network: shortHash(network), cycle };
  return {
    commit: encodeRecord({ type: "commit", ...head, commitment: hash("c") }),
    reveal: encodeRecord({ type: "reveal", ...head, group: "math", artifact: hash("a"), location }),
  };
};

const revealed = ({ location }: Subnet) => ({ group: "math", artifact: hash("a"), location });

/** What the chain says of cycle 1, by the names of its neurons. */
const read = async (subnet: Subnet) => {
  const found = await readSubmissions(subnet, 1);
  return Object.fromEntries(found.map(({ uid, commitment, reveal }) => [uid, { commitment, reveal }]));
};

const nothing = { commitment: null, reveal: null };

describe("readSubmissions", { timeout: HANG_GUARD }, () => {
  it("reads who committed and revealed, in any block of the windows, ascending by uid", async (t) => {
    const subnet = await openSubnet(t, { miners: ["ann", "bob", "cat"] });
    const { commit, reveal } = records(subnet);
    const windows = { commit: subnet.window(1, "commit"), reveal: subnet.window(1, "reveal") };
    await subnet.to(windows.commit.start - 1);
    await subnet.record({ bob: commit });
    await subnet.to(windows.commit.end - 2);
    await subnet.record({ ann: commit });
    await subnet.record({ ann: reveal });
    await subnet.to(windows.reveal.end - 2);
    await subnet.record({ bob: reveal });
    await subnet.to(windows.reveal.end + 2);
    const found = await readSubmissions(subnet, 1);
    assert.deepEqual(
      found.map(({ uid, hotkey }) => [uid, hotkey]),
      ["ann", "bob", "cat"].map((name) => [subnet.uid(name), subnet.signer(name).address]),
      "neither the owner nor a validator",
    );
    assert.deepEqual(await read(subnet), {
      [subnet.uid("ann")]: {
        commitment: { hash: hash("c"), block: windows.commit.end - 1 },
        reveal: revealed(subnet),
      },
      [subnet.uid("bob")]: { commitment: { hash: hash("c"), block: windows.commit.start }, reveal: revealed(subnet) },
      [subnet.uid("cat")]: nothing,
    });
    assert.deepEqual(found[0]!.publicKey, subnet.signer("ann").publicKey);
  });

  it("ignores what is a block early or late", async (t) => {
    const subnet = await openSubnet(t);
    const { commit, reveal } = records(subnet);
    await subnet.to(subnet.window(1, "commit").start - 2);
    await subnet.record({ ann: commit });
    await subnet.to(subnet.window(1, "commit").end - 1);
    await subnet.record({ bob: commit });
    await subnet.to(subnet.window(1, "reveal").end - 1);
    await subnet.record({ ann: reveal, bob: reveal });
    assert.deepEqual(await read(subnet), { [subnet.uid("ann")]: nothing, [subnet.uid("bob")]: nothing });
  });

  it("ignores a reveal in the commit phase and a commit in the reveal phase", async (t) => {
    const subnet = await openSubnet(t);
    const { commit, reveal } = records(subnet);
    await subnet.to(subnet.window(1, "commit").start - 1);
    await subnet.record({ ann: reveal });
    await subnet.to(subnet.window(1, "reveal").start - 1);
    await subnet.record({ bob: commit });
    await subnet.to(subnet.window(1, "reveal").end);
    assert.deepEqual(await read(subnet), { [subnet.uid("ann")]: nothing, [subnet.uid("bob")]: nothing });
  });

  it("ignores records of another network or cycle, and what is no record", async (t) => {
    const subnet = await openSubnet(t, { miners: ["ann", "bob", "cat"] });
    const other = records(subnet, 1, hash("0"));
    const later = records(subnet, 2);
    for (const phase of ["commit", "reveal"] as const) {
      await subnet.to(subnet.window(1, phase).start - 1);
      await subnet.record({ ann: other[phase], bob: later[phase], cat: `${records(subnet)[phase]} ` });
    }
    await subnet.to(subnet.window(1, "reveal").end);
    assert.ok(Object.values(await read(subnet)).every((found) => !found.commitment && !found.reveal));
  });

  it("keeps a reveal that no commit preceded apart from one that was committed", async (t) => {
    const subnet = await openSubnet(t);
    const { commit, reveal } = records(subnet);
    await subnet.to(subnet.window(1, "commit").start - 1);
    await subnet.record({ ann: commit });
    await subnet.to(subnet.window(1, "reveal").start - 1);
    await subnet.record({ bob: reveal });
    await subnet.to(subnet.window(1, "reveal").end);
    assert.deepEqual(await read(subnet), {
      [subnet.uid("ann")]: {
        commitment: { hash: hash("c"), block: subnet.window(1, "commit").start },
        reveal: null,
      },
      [subnet.uid("bob")]: { commitment: null, reveal: revealed(subnet) },
    });
  });

  it("takes a miner's last commitment of the window, and a validator that submits for a miner", async (t) => {
    const subnet = await openSubnet(t);
    const { commit } = records(subnet);
    const second = encodeRecord({
      type: "commit",
      network: shortHash(subnet.networkHash),
      cycle: 1,
      commitment: hash("d"),
    });
    const { start } = subnet.window(1, "commit");
    await subnet.to(start - 1);
    await subnet.record({ ann: commit, vera: commit });
    await subnet.record({ ann: second });
    await subnet.to(subnet.window(1, "reveal").end);
    const found = await read(subnet);
    assert.deepEqual(found[subnet.uid("ann")]?.commitment, { hash: hash("d"), block: start + 1 });
    assert.deepEqual(found[subnet.uid("vera")]?.commitment, { hash: hash("c"), block: start });
  });
});
