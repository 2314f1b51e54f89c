import assert from "node:assert/strict";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { committedDocuments, countedDocuments, fetchDocument } from "#shared/beacon/group/agreed.js";
import { hexOf, randomScalar } from "#shared/beacon/group/curve.js";
import { deal } from "#shared/beacon/group/dealing.js";
import {
  type GroupDocument,
  type GroupDocumentKind,
  MAX_GROUP_DOCUMENT_BYTES,
} from "#shared/beacon/group/documents.js";
import { documentsIn, membershipOf } from "#shared/beacon/group/formation.js";
import { readMembers } from "#shared/beacon/group/members.js";
import { channelTo, newGroupKey } from "#shared/beacon/group/membership.js";
import { recordsIn } from "#shared/beacon/group/on-chain.js";
import { firstSigned } from "#shared/beacon/group/schedule.js";
import { encryptShares } from "#shared/beacon/group/share-encryption.js";
import type { GroupSource } from "#shared/beacon/group/source.js";
import type { BeaconValue } from "#shared/beacon/value.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { awaitSeeds } from "#shared/participant/await-seeds.js";
import { openGroupJournal } from "#shared/participant/beacon/group/group-journal.js";
import { stateGroup } from "#shared/participant/beacon/group/state-group.js";
import { runBeacon } from "#shared/participant/beacon/run-beacon.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { groupSource, readBeaconValue } from "#shared/replay/beacon-value.js";
import { evaluationSeeds } from "#shared/replay/evaluation-seeds.js";
import type { CycleSource } from "#shared/replay/source.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { localGroupDocument } from "../support/local-signing.js";
import { lookAt } from "../support/look-at.js";
import { PHASES } from "../support/micro-network.js";
import { silentAt } from "../support/silent-at.js";
import { BEACON, type Joined, type Living, openSubnet, type Subnet, until } from "../support/subnet.js";

const { publicKey, genesisTime, period } = publicBeacon(BEACON);
const phases = { ...PHASES, train: 6, commit: 3, reveal: 4 };
/** Cycles 1 to 4 form the group that signs 5 and 6, and while the next one is formed the cycles after. */
const group = { every: 6, shares: 8, threshold: 5 };
const beacon = { public_key: publicKey, genesis_time: genesisTime, period, delay: 1, group };
/** Three, three, one and one of the eight slots. */
const validators = { vera: 3000, vito: 3000, max: 1100, nia: 1100 };
const START = 1;
const playing = ["vera", "vito"] as const;
const windows = (cycle: number) => beaconWindows(cycle, phases);

interface Life {
  readonly subnet: Subnet;
  readonly players: Map<string, Joined>;
  /** What a stranger reads. */
  readonly source: CycleSource;
  readonly group: GroupSource;
}

const enter = async (
  { subnet, players }: Pick<Life, "subnet" | "players">,
  name: string,
  through: (player: Joined) => Joined = (player) => player,
): Promise<void> => {
  const player = await subnet.join(name);
  players.set(name, player);
  runBeacon(through(player), { holds: name !== "ann" }).catch(() => {});
};

/** Ends a player's program at once, and starts it again from its folder. */
const restart = async (life: Life, name: string, meanwhile?: (home: string) => void): Promise<void> => {
  const player = life.players.get(name)!;
  await player.leave();
  meanwhile?.(player.home);
  await enter(life, name);
};

const begin = async (t: Living, through: Readonly<Record<string, (player: Joined) => Joined>> = {}): Promise<Life> => {
  const subnet = await openSubnet(t, { network: { phases, beacon }, validators, miners: ["ann"] });
  const players = new Map<string, Joined>();
  for (const name of [...playing, "ann"]) await enter({ subnet, players }, name, through[name]);
  const { source } = await lookAt(t, subnet);
  return { subnet, players, source, group: groupSource(source)! };
};

/** Waits until both validators have these files in their own stores. */
const haveFiles = async (t: Living, { players }: Life, hashes: readonly string[]): Promise<void> => {
  for (const name of playing)
    for (const hash of hashes) {
      const { blobs, signal } = players.get(name)!;
      const isHere = () =>
        blobs.get({ hash, maxBytes: MAX_GROUP_DOCUMENT_BYTES, locations: [], signal }).then(
          () => true,
          () => false,
        );
      await until(t, isHere);
    }
};

/** Puts a document that a test made for max on chain, served by the owner, in one block with what the players sent. */
const dealAs = async <K extends GroupDocumentKind>(
  { subnet }: Life,
  name: string,
  cycle: number,
  document: GroupDocument<K>,
): Promise<void> => {
  const bytes = canonicalBytes(document);
  await subnet.store.put(bytes);
  const { location, networkHash } = subnet;
  const at = { network: shortHash(networkHash), cycle };
  await subnet.record({ [name]: encodeRecord({ type: "deal", ...at, document: sha256(bytes), location }) });
};

/** From the end of the first half of the train phase to the end of the commit phase: what is on chain is fetched, and held. */
const hold = async (t: Living, life: Life, cycle: number, sent: Readonly<Record<string, number>>): Promise<void> => {
  const { subnet } = life;
  const { sealing, holding } = windows(cycle);
  await subnet.to(sealing.end - 1);
  const committed = await committedDocuments(life.group, cycle, await readMembers(life.group, START));
  await haveFiles(
    t,
    life,
    [...committed.values()].map(({ hash }) => hash),
  );
  await subnet.to(holding.start - 1);
  for (const [name, total] of Object.entries(sent)) await subnet.sent(name, total);
  await subnet.to(holding.end - 1);
};

/** Signs a cycle with both players' programs, whose extrinsics so far are these many. */
const sign = async (t: Living, life: Life, cycle: number, sent: Readonly<Record<string, number>>): Promise<void> => {
  const { subnet } = life;
  const { sealing, holding } = windows(cycle);
  const more = async (by: number) => {
    for (const [name, total] of Object.entries(sent)) await subnet.sent(name, total + by);
  };
  await subnet.to(sealing.start - 1);
  await more(1);
  await subnet.to(holding.start - 1);
  await more(2);
  await subnet.to(holding.start);
  const said = await recordsIn(life.group, "partial", cycle, { ...holding, end: holding.start + 1 });
  await haveFiles(
    t,
    life,
    [...said.values()].flatMap(({ partials }) => partials ?? []),
  );
  await subnet.to(holding.end - 1);
  await more(3);
};

const readValue = async (t: Living, { subnet, players, source }: Life, cycle: number): Promise<BeaconValue> => {
  await subnet.to(windows(cycle).deciding);
  const value = (await readBeaconValue(source, cycle)) as BeaconValue;
  for (const { lines } of players.values()) {
    const isRead = () => lines.some(({ fields }) => fields?.cycle === cycle && fields.value === value.value);
    await until(t, isRead);
  }
  return value;
};

describe("the threshold group of a subnet", { timeout: HANG_GUARD }, () => {
  it("is told what a member holds though its chain did not answer at one block", async (t) => {
    const { sealing, holding } = windows(START);
    const life = await begin(t, { vera: (player) => silentAt(player, sealing.end - 1) });
    const { subnet, players } = life;
    const vera = players.get("vera")!;
    await subnet.to(sealing.start - 1);
    for (const name of playing) await subnet.sent(name, 1);
    await subnet.to(sealing.end - 1);
    const said = (message: string) => vera.lines.some((line) => line.message === message);
    const isLost = () => said("cannot say what is held of the threshold group");
    await until(t, () => isLost() || said("not done yet: once more at the next block"));
    await subnet.to(sealing.end);
    const committed = await committedDocuments(life.group, START, await readMembers(life.group, START));
    assert.equal(committed.size, playing.length);
    if (!isLost())
      await haveFiles(
        t,
        life,
        [...committed.values()].map(({ hash }) => hash),
      );
    await subnet.to(holding.start - 1);
    await subnet.sent("vito", 2);
    await until(t, async () => isLost() || (await subnet.chain.nonce(subnet.signer("vera").address)) === 2);
    await subnet.to(holding.start);
    const records = await recordsIn(life.group, "partial", START, { ...holding, end: holding.start + 1 });
    assert.deepEqual(records.get(subnet.signer("vera").address)?.held, [...committed.keys()]);
  });

  it("is stated once its file comes, though nobody sent it at the first block", async (t) => {
    const subnet = await openSubnet(t, { network: { phases, beacon }, validators, miners: ["ann"] });
    const cycle = firstSigned(START) + 1;
    const file = Buffer.from("a file of another version");
    const at = { network: shortHash(subnet.networkHash), cycle: cycle - 1, location: subnet.location };
    const stated = encodeRecord({ type: "group", ...at, group: sha256(file) });
    await subnet.to(windows(cycle - 1).sealing.start - 1);
    await subnet.record({ vera: stated, vito: stated });
    const vera = await subnet.join("vera");
    const journal = openGroupJournal(vera);
    journal.update((value) => ({ ...value, formed: { network: subnet.networkHash, start: START, group: null } }));
    await subnet.to(windows(cycle).sealing.start - 1);
    const stating = stateGroup(vera, journal, { cycle, start: START });
    stating.catch(() => {});
    const said = (message: string) => vera.lines.some((line) => line.message === message);
    await until(t, () => said("blob not fetched"));
    await subnet.store.put(file);
    await subnet.to(subnet.node.head.number + 1);
    await stating;
    assert.ok(said("there is no threshold group to sign this cycle"), "what was stated is no group's file");
  });

  it("forms though one member is silent and one deals a bad share, outlives restarts, and signs; seeds are of it", async (t) => {
    const life = await begin(t);
    const { subnet, players, source } = life;
    const { networkHash: network, signer } = subnet;
    const max = signer("max");
    const at = { network, cycle: firstSigned(START) };
    await subnet.to(windows(START).sealing.start - 1);
    for (const name of playing) await subnet.sent(name, 1);
    const own = newGroupKey();
    await dealAs(life, "max", START, localGroupDocument("group-key", { ...at, key: own.key }, max));
    await hold(t, life, START, { vera: 2, vito: 2 });
    const first = await readValue(t, life, START);
    assert.equal(first.origin, "pulse", "nobody signs before there is a group");

    await subnet.to(windows(START + 1).sealing.start - 1);
    for (const name of playing) await subnet.sent(name, 3);
    const members = await readMembers(life.group, START);
    assert.deepEqual([...members.values()].map(({ length }) => length).sort(), [1, 1, 3, 3]);
    const keys = await Promise.all(
      (await countedDocuments(life.group, START, members)).map(
        async (one) => [one.hotkey, await fetchDocument(life.group, "group-key", START, one)] as const,
      ),
    );
    const membership = membershipOf(life.group, START, members, documentsIn(keys));
    assert.equal(membership.keys.size, 3, "nia has none");
    const dealt = deal(membership, max.address);
    const vera = signer("vera").address;
    const wrong = encryptShares(
      [1, 2, 3].map(() => randomScalar()),
      dealt.ephemerals.get(vera)!,
      channelTo(membership, max.address, vera),
    );
    const shares = dealt.shares.map((one) => (one.member === vera ? { ...one, sealed: hexOf(wrong) } : one));
    const dealing = { ...at, commitments: [...dealt.commitments], shares };
    await dealAs(life, "max", START + 1, localGroupDocument("dealing", dealing, max));
    await hold(t, life, START + 1, { vera: 4, vito: 4 });
    await restart(life, "vito");

    await subnet.to(windows(START + 2).sealing.start - 1);
    await subnet.sent("vera", 5);
    await hold(t, life, START + 2, { vera: 6, vito: 5 });
    await subnet.to(windows(START + 3).holding.end - 1);
    await restart(life, "vera");

    const cycle = firstSigned(START);
    await sign(t, life, cycle, { vera: 6, vito: 5 });
    const value = await readValue(t, life, cycle);
    assert.equal(value.origin, "group");
    assert.deepEqual(value.contributors, [vera, signer("vito").address].sort());
    assert.deepEqual(
      value.dropped.map(({ hotkey }) => hotkey),
      [max.address, signer("nia").address].sort(),
    );
    for (const name of playing) {
      const { mode } = statSync(join(players.get(name)!.home, "beacon-group.json"));
      assert.equal(mode & 0o777, 0o600);
    }
    const question = { cycle, purpose: "evaluate" } as const;
    const waiting = Promise.all([...players.values()].map((player) => awaitSeeds(player, question)));
    await subnet.to(subnet.window(cycle, "evaluate").end - 1);
    const { ofGroups, value: mixed } = await evaluationSeeds(source, question);
    assert.deepEqual(mixed, value);
    for (const seeds of await waiting) assert.deepEqual(seeds, ofGroups);

    // Without its shares a validator does not sign, and three of eight slots are too few.
    await restart(life, "vito", (home) => rmSync(join(home, "beacon-group.json")));
    await subnet.to(windows(cycle + 1).sealing.start - 1);
    await subnet.sent("vera", 10);
    await subnet.sent("vito", 9);
    await subnet.to(windows(cycle + 1).holding.start - 1);
    await subnet.sent("vera", 11);
    assert.equal((await readValue(t, life, cycle + 1)).origin, "pulse");
  });
});
