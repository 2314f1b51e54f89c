import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { settledFrom } from "#shared/participant/agreement/agreed-model.js";
import { agreedNetwork } from "#shared/participant/agreement/agreed-network.js";
import { awaitBaseModel } from "#shared/participant/agreement/await-base-model.js";
import { onExpectedBase } from "#shared/participant/agreement/on-expected-base.js";
import { runBeacon } from "#shared/participant/beacon/run-beacon.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { networkHash } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { lastModelBlock, modelOutcome } from "#shared/replay/agreed-outcome.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { NETUID, PHASES } from "#tests/support/micro-network.js";
import { BEACON, type Joined, openSubnet, type Subnet, until } from "#tests/support/subnet.js";
import { publishFile, successorOf } from "#tests/support/successor.js";

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
    assert.equal(await models.outcomeOf(1), A, "expected as soon as nobody else's record can change it");
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

  it("is only expected before the block that decides: who named it may take it back", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000, vito: 1900, vic: 1000 } });
    const { models } = await subnet.join("ann");
    await subnet.to(subnet.window(1, "exchange").start);
    const held = encodeRecord({ type: "held", network: shortHash(subnet.networkHash), cycle: 1, held: [] });
    await subnet.record({ vera: held, vito: held, vic: held });
    await subnet.to(subnet.window(1, "merge").start);
    await subnet.record({ vera: modelRecord(subnet, 1, A), vito: modelRecord(subnet, 1, A) });
    assert.equal(await models.outcomeOf(1), A);
    await subnet.to(subnet.window(2, "distribute").end - 2);
    await subnet.record({ vito: modelRecord(subnet, 1, B) });
    assert.equal(await models.baseOf(2), subnet.modelHash);
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

  it("is not decided by those alone who went over first to a file that succeeds another", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000, vito: 1950, vic: 1050 } });
    const next = successorOf(subnet.network, 2);
    const context = { chain: subnet.chain, network: next, networkHash: networkHash(next) };
    const named = (cycle: number, model: string) => modelRecord(subnet, cycle, model, context.networkHash);
    const outcome = async (cycle: number) => {
      await subnet.to(subnet.window(cycle, "merge").start);
      await subnet.record({ vera: named(cycle, A), vito: named(cycle, B) });
      const at = lastModelBlock(cycle, next);
      await subnet.to(at);
      return (await modelOutcome(context, cycle, at)).agreed;
    };
    await subnet.to(subnet.window(1, "exchange").start);
    const { silent_after } = next.voting;
    await subnet.record({
      vic: encodeRecord({ type: "held", network: shortHash(subnet.networkHash), cycle: 1, held: [] }),
    });
    assert.equal(await outcome(2), null, "vera has more than half of those who have gone over, and 40 of 100");
    assert.equal(await outcome(1 + silent_after), null);
    assert.equal(await outcome(2 + silent_after), A, "vic never came");
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

describe("the agreed model, where the chain no longer has the states that say it", { timeout: HANG_GUARD }, () => {
  /** A cycle has 22 blocks, and who looks at the right moment sees each deciding block. */
  const RETENTION = 18;
  const unknown = { code: "BASE_UNKNOWN" };

  const open = async (t: TestContext, validators: Readonly<Record<string, number>> = { vera: 2000, vito: 2000 }) => {
    const subnet = await openSubnet(t, { validators, retention: RETENTION });
    const everybody = (record: string) => Object.fromEntries(subnet.validators.map((name) => [name, record]));
    const held = (cycle: number) =>
      encodeRecord({ type: "held", network: shortHash(subnet.networkHash), cycle, held: [] });
    return {
      subnet,
      held,
      everybody,
      /** All name the model in the cycle's merge. */
      agree: async (cycle: number, model: string) => {
        await subnet.to(subnet.window(cycle, "merge").start);
        await subnet.record(everybody(modelRecord(subnet, cycle, model)));
      },
      /** All write what they write in a cycle without a merge. */
      meet: async (cycle: number, names: readonly string[] = subnet.validators) => {
        await subnet.to(subnet.window(cycle, "exchange").start);
        await subnet.record(Object.fromEntries(names.map((name) => [name, held(cycle)])));
      },
      toSettled: (cycle: number) => subnet.to(settledFrom(cycle, subnet.network)),
    };
  };

  it("is what was settled at its time, after a restart too; a stranger waits until another one is agreed on", async (t) => {
    const { subnet, agree, meet, toSettled } = await open(t);
    const ann = await subnet.join("ann");
    await agree(1, A);
    await meet(2);
    await toSettled(2);
    assert.equal(await ann.models.baseOf(2), A);
    await meet(3);
    await toSettled(3);
    assert.equal(await ann.models.baseOf(3), A);
    await subnet.to(subnet.window(4, "train").end);
    assert.equal(await ann.models.baseOf(4), A, "nobody has named a model in cycles 2 and 3");
    await ann.leave();
    const again = await subnet.join("ann");
    assert.equal(await again.models.baseOf(4), A);
    const bob = await subnet.join("bob");
    await assert.rejects(bob.models.baseOf(4), unknown);
    await assert.rejects(awaitBaseModel(bob, 4), unknown);
    await agree(4, B);
    await subnet.to(subnet.window(5, "distribute").end - 1);
    assert.equal(await bob.models.baseOf(5), B);
    assert.equal(await again.models.baseOf(5), B);
    await assert.rejects(bob.models.baseOf(4), unknown, "what was before is as unknown as it was");
  });

  it("is what was settled then, by a majority whose records have made way for others", async (t) => {
    const { subnet, agree, meet, toSettled } = await open(t);
    const { models } = await subnet.join("ann");
    await agree(1, A);
    await meet(2);
    await toSettled(2);
    assert.equal(await models.baseOf(2), A);
    await subnet.to(subnet.window(3, "distribute").end);
    assert.deepEqual([await models.baseOf(2), await models.outcomeOf(1)], [A, A]);
  });

  it("is what the newest records of a majority name, if they were there in time", async (t) => {
    const { subnet, agree, everybody } = await open(t);
    const { models } = await subnet.join("ann");
    await agree(1, A);
    await subnet.to(subnet.window(3, "commit").start);
    assert.deepEqual([await models.baseOf(2), await models.baseOf(3)], [A, A]);
    await subnet.to(subnet.window(3, "distribute").end + RETENTION);
    await subnet.record(everybody(modelRecord(subnet, 2, B)));
    await subnet.to(subnet.window(4, "commit").start);
    const bob = await subnet.join("bob");
    await assert.rejects(bob.models.baseOf(4), unknown, "one that came too late is none");
  });

  it("stays where everybody was away, and nobody has written since that could have named another one", async (t) => {
    const { subnet, agree, meet, toSettled } = await open(t, { vera: 2000, vito: 2000, vic: 1000 });
    const ann = await subnet.join("ann");
    await agree(1, A);
    await meet(2);
    await toSettled(2);
    assert.equal(await ann.models.baseOf(2), A);
    await ann.leave();
    await meet(7, ["vic"]);
    await subnet.to(subnet.window(8, "commit").start);
    const again = await subnet.join("ann");
    assert.equal(await again.models.baseOf(8), A, "a fifth of the stake has decided nothing");
    await meet(8);
    await toSettled(8);
    assert.equal(await again.models.baseOf(8), A);
    await subnet.to(subnet.window(9, "commit").start);
    await again.leave();
    const later = await subnet.join("ann");
    assert.equal(await later.models.baseOf(9), A, "what was found then is settled");
  });

  it("is genesis in a network in which nobody has validated yet, however old it is", async (t) => {
    const { subnet, meet, toSettled } = await open(t);
    await subnet.record({
      ann: encodeRecord({ type: "commit", network: shortHash(subnet.networkHash), cycle: 1, commitment: A }),
    });
    await subnet.to(subnet.window(6, "commit").start);
    const vera = await subnet.join("vera");
    assert.equal(await vera.models.baseOf(6), subnet.modelHash);
    await meet(6);
    await toSettled(6);
    assert.equal(await vera.models.baseOf(6), subnet.modelHash);
    await subnet.to(subnet.window(7, "commit").start);
    await vera.leave();
    const again = await subnet.join("vera");
    assert.equal(await again.models.baseOf(7), subnet.modelHash, "and stays it for who began with it");
    const bob = await subnet.join("bob");
    await assert.rejects(bob.models.baseOf(7), unknown, "others cannot tell");
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

describe("the model that the first cycle under another network file starts from", { timeout: HANG_GUARD }, () => {
  /** Cycle 2 is the first one whose distribute phase has 2 blocks and no longer 22. Vito, with more stake than Vera, never says anything. */
  const open = async (t: TestContext) => {
    const phases = { ...PHASES, distribute: 22, train: 3 };
    const subnet = await openSubnet(t, { validators: { vera: 2000, vito: 3000 }, network: { phases } });
    const next = { ...phases, distribute: 2, train: 23 };
    const hash = await publishFile(subnet, successorOf(subnet.network, 2, { phases: next }));
    await subnet.to(subnet.window(1, "merge").start);
    await subnet.record({ vera: modelRecord(subnet, 1, A) });
    await subnet.to(subnet.window(2, "distribute").start - 1);
    const ann = await subnet.join("ann");
    assert.equal(ann.networkHash, hash);
    return {
      subnet,
      ann,
      /** What is still open after it has had time to look. */
      toNewEnd: async () => {
        await subnet.to(phaseWindow(2, "distribute", next).end - 1);
        await ann.models.outcomeOf(1);
        await subnet.chain.head();
      },
      toFormerEnd: () => subnet.to(subnet.window(2, "distribute").end - 1),
    };
  };

  it("is decided by the former file, whose distribute phase may be longer", async (t) => {
    const { ann, toNewEnd, toFormerEnd } = await open(t);
    const base = awaitBaseModel(ann, 2);
    await toNewEnd();
    await toFormerEnd();
    assert.equal(await base, A);
  });

  it("is looked at again in the block in which the former file decides it", async (t) => {
    const { subnet, ann, toNewEnd, toFormerEnd } = await open(t);
    const made = onExpectedBase(ann, 2, subnet.modelHash, (_, decided) => decided);
    await toNewEnd();
    await toFormerEnd();
    assert.deepEqual(await made, { replacedBy: A });
  });
});

describe("the former file's last model", { timeout: HANG_GUARD }, () => {
  const { publicKey, genesisTime, period } = publicBeacon(BEACON);
  const drand = { public_key: publicKey, genesis_time: genesisTime, period, delay: 1 };
  const beacons = {
    contributions: { ...drand, contributions: { rounds: 30, margin: 2, most: 64 } },
    group: { ...drand, group: { every: 6, shares: 8, threshold: 5 } },
  };
  /** The former file decides in block 12 of a cycle, and in the new one seals and deals have the blocks 2 to 17. */
  const former = { ...PHASES, distribute: 12, train: 23 };
  const next = { ...PHASES, distribute: 2, train: 33 };

  /** Who takes part in the beacon, and whether it has asked for that block, and put its record on chain. */
  const taking = (player: Joined) => {
    let isAsked = false;
    const decidedAt: Joined["models"]["decidedAt"] = (cycle) => {
      isAsked = true;
      return player.models.decidedAt(cycle);
    };
    runBeacon({ ...player, models: { ...player.models, decidedAt } }, { holds: true }).catch(() => {});
    return { isAsked: () => isAsked, isSent: () => player.lines.some(({ message }) => /^(sealed|took)/.test(message)) };
  };

  for (const [kind, beacon] of Object.entries(beacons))
    it(`is named until the block that decides it: no ${kind} of the beacon takes its record's place before`, async (t) => {
      const subnet = await openSubnet(t, {
        validators: { vera: 2000, vito: 3000 },
        network: { phases: former, beacon },
      });
      await publishFile(subnet, successorOf(subnet.network, 2, { phases: next }));
      await subnet.to(subnet.window(1, "merge").start);
      await subnet.record({ vera: modelRecord(subnet, 1, A), vito: modelRecord(subnet, 1, A) });
      await subnet.to(subnet.window(2, "distribute").start - 1);
      const players = [await subnet.join("vera"), await subnet.join("vito")].map(taking);
      const ann = await subnet.join("ann");
      const { start } = phaseWindow(2, "train", next);
      // Two blocks more, in which a seal waits for the block before them to last.
      for (let block = start - 1; block <= start + 1; block++) await subnet.to(block);
      const names = ["vera", "vito"] as const;
      const sent = async () => Promise.all(names.map((name) => subnet.chain.nonce(subnet.signer(name).address)));
      await until(t, async () => (await sent()).every((nonce, i) => players[i]!.isAsked() || nonce === 2));
      const decided = subnet.window(2, "distribute").end - 1;
      for (let block = start + 2; block <= decided; block++) await subnet.to(block);
      assert.equal(await ann.models.baseOf(2), A);
      // A block more, since a fork may replace the one that decides while it is the newest.
      await subnet.to(decided + 1);
      for (const name of names) await subnet.sent(name, 2);
      await subnet.to(decided + 2);
      await until(t, () => players.every(({ isSent }) => isSent()));
      await subnet.to(phaseWindow(2, "train", next).end);
      assert.equal(await ann.models.baseOf(2), A);
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
