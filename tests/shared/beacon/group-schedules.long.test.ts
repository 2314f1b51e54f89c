import assert from "node:assert/strict";
import { it } from "node:test";
import { hexOf, randomScalar } from "#shared/beacon/group/curve.js";
import { deal, openShares, readDealing } from "#shared/beacon/group/dealing.js";
import { formGroup, type GroupDocuments, memberShares } from "#shared/beacon/group/form-group.js";
import { channelTo, type Membership, membersWithKeys, newGroupKey, slotsOf } from "#shared/beacon/group/membership.js";
import { GROUP_SHAPE, type GroupShape } from "#shared/beacon/group/shape.js";
import { encryptShares } from "#shared/beacon/group/share-encryption.js";
import { combinePartials, signPartials, verifyGroupSignature } from "#shared/beacon/group/sign.js";
import { assignSlots, countSlots } from "#shared/beacon/group/slots.js";
import { createRandom } from "#shared/data/random.js";
import { sha256 } from "#shared/protocol/hash.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const NETWORK = sha256(Buffer.from("group schedules"));
const CYCLE = 3;
const signed = { network: NETWORK, cycle: CYCLE, closing: sha256(Buffer.from("closing")) };
const SMALL: GroupShape = { slots: 8, threshold: 5 };

/** Forms a group among members of which some deal badly, complain falsely or say nothing, and lets some of the members sign. */
const runSchedule = async (seed: string, shape: GroupShape, memberCount: number, hasFaults: boolean) => {
  const random = createRandom(`group/${seed}`);
  const bytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));
  const fault = (percent: number) => hasFaults && random.below(100) < percent;
  const hotkeys = Array.from({ length: memberCount }, (_, i) => `member ${i}`);
  const slots = assignSlots(
    hotkeys.map((hotkey) => [hotkey, 1 + random.below(4)]),
    shape.slots,
  );
  const keys = new Map([...slots.keys()].map((hotkey) => [hotkey, newGroupKey(bytes)]));
  const withKeys = new Map([...keys].filter(() => !fault(5)));
  const name = { network: NETWORK, cycle: CYCLE };
  const membership: Membership = { ...name, shape, slots, keys: membersWithKeys(slots, withKeys) };
  const members = [...membership.keys.keys()];

  const dealings = new Map<string, Parameters<typeof readDealing>[0]>();
  const ephemerals = new Map<string, ReadonlyMap<string, bigint>>();
  const wronged = new Set<string>();
  for (const hotkey of members) {
    if (fault(8)) continue;
    const dealt = deal(membership, hotkey, bytes);
    ephemerals.set(hotkey, dealt.ephemerals);
    const shares = dealt.shares.map((one) => {
      if (!fault(4)) return one;
      wronged.add(`${hotkey} ${one.member}`);
      const values = slotsOf(membership, one.member).map(() => randomScalar(bytes));
      const ephemeral = dealt.ephemerals.get(one.member)!;
      return { ...one, sealed: hexOf(encryptShares(values, ephemeral, channelTo(membership, hotkey, one.member))) };
    });
    dealings.set(hotkey, { hotkey, commitments: [...dealt.commitments], shares });
  }
  const complaints = new Map<string, { against: string[] }>();
  for (const member of members) {
    const bad = [...dealings.values()].filter((document) => {
      const dealing = readDealing(document, membership);
      if (!dealing.ok) return false;
      const holds = openShares(dealing.value, membership, member, keys.get(member)!.secret).ok;
      assert.equal(holds, !wronged.has(`${document.hotkey} ${member}`));
      return !holds || fault(5);
    });
    if (bad.length > 0) complaints.set(member, { against: bad.map(({ hotkey }) => hotkey) });
  }
  const answers = new Map<string, { answers: { member: string; ephemeral: string }[] }>();
  for (const [dealer, own] of ephemerals) {
    const asking = [...complaints].filter(([, { against }]) => against.includes(dealer)).map(([member]) => member);
    const all = asking.map((member) => ({ member, ephemeral: own.get(member)!.toString(16).padStart(64, "0") }));
    if (all.length > 0 && !fault(10)) answers.set(dealer, { answers: all });
  }
  const documents: GroupDocuments = { dealings, complaints, answers };
  const formed = await formGroup(membership, documents);
  assert.deepEqual(
    [...formed.qualified, ...formed.dropped.map(({ hotkey }) => hotkey)].sort(),
    [...slots.keys()].sort(),
    "everybody is judged",
  );
  for (const one of formed.qualified)
    assert.ok(![...wronged].some((pair) => pair.startsWith(`${one} `)), "who dealt badly and was complained of is out");
  assert.equal(formed.group !== null, countSlots(slots, formed.qualified) >= shape.threshold);
  if (!hasFaults) assert.equal(formed.qualified.length, slots.size);
  if (formed.group === null) return "no group";
  const { group } = formed;
  const partials = new Map(
    members.map((member) => [member, signPartials(memberShares(group, member, keys.get(member)!.secret), signed)]),
  );
  const signing = new Map([...partials].filter(() => !fault(20)));
  const lying = new Map([...signing].map(([member, own]) => [member, fault(10) ? [...own].reverse() : own]));
  const { signature } = await combinePartials(group, lying, signed);
  if (signature === null) return "no signature";
  assert.ok(verifyGroupSignature(group.publicKey, signature, signed));
  assert.equal(signature, (await combinePartials(group, partials, signed)).signature, "the same, whoever signs");
  return "signed";
};

it("members agree on a group and its one signature, or on none, in 24 schedules of faults", {
  timeout: HANG_GUARD,
}, async (t) => {
  const outcomes: Record<string, number> = {};
  for (let n = 0; n < 24; n++) {
    const outcome = await runSchedule(`${n}`, SMALL, 3 + (n % 3), true);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  t.diagnostic(JSON.stringify(outcomes));
  assert.ok((outcomes.signed ?? 0) >= 4);
  assert.ok((outcomes["no group"] ?? 0) >= 1);
});

it("a group of 128 slots signs with 65", { timeout: HANG_GUARD }, async () => {
  assert.equal(await runSchedule("whole", GROUP_SHAPE, 3, false), "signed");
});
