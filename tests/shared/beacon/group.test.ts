import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bls12_381 as bls } from "@noble/curves/bls12-381";
import { fromHex, hexOf, randomScalar } from "#shared/beacon/group/curve.js";
import { deal, openShares, readDealing } from "#shared/beacon/group/dealing.js";
import {
  formGroup,
  type Group,
  type GroupDocuments,
  memberShares,
  publicShare,
} from "#shared/beacon/group/form-group.js";
import { slotsOf } from "#shared/beacon/group/membership.js";
import { encryptShares } from "#shared/beacon/group/share-encryption.js";
import {
  combinePartials,
  groupValue,
  messagePoint,
  type PartialsKnown,
  signPartials,
  verifyGroupSignature,
} from "#shared/beacon/group/sign.js";
import { seededBytes } from "../../interop/timelock-ours.js";
import { groupVectors, members, membership, network, secretOf, signed } from "./group-vectors.js";

const dealings = new Map(groupVectors.dealings.map((dealing) => [dealing.hotkey, dealing]));
/** Alice has three of the five slots. In ascending order of hotkeys she is the last. */
const [bob, charlie, alice] = members as [string, string, string];
const none: GroupDocuments = { dealings, complaints: new Map(), answers: new Map() };
const formed = await formGroup(membership, none);
const group = formed.group as Group;
const partials = new Map<string, readonly string[]>(Object.entries(groupVectors.partials));
const without = <V>(of: ReadonlyMap<string, V>, key: string) => new Map([...of].filter(([one]) => one !== key));
const against = (...hotkeys: string[]) => ({ against: hotkeys });
const answerOf = (dealer: string, member: string) => ({
  answers: [{ member, ephemeral: groupVectors.ephemerals[dealer]![member]! }],
});

const solo = 1_234_567n;
const soloKey = hexOf(bls.G2.Point.BASE.multiply(solo).toBytes(true));

/** A cycle whose signature has a coordinate x such that x + p has 381 bits as well, which holds for a fifth of all. */
const withSecondText = () => {
  for (let cycle = 0; ; cycle++) {
    const name = { ...signed, cycle };
    const point = messagePoint(name).multiply(solo);
    if (point.toAffine().x + bls.fields.Fp.ORDER < 2n ** 381n) return [name, point] as const;
  }
};

/** Another dealing of Alice, with Bob's share one too large. */
const withWrongShare = () => {
  const random = seededBytes("a wrong share");
  const dealt = deal(membership, alice, random);
  const ephemeral = dealt.ephemerals.get(bob)!;
  const channel = {
    network,
    cycle: membership.cycle,
    dealer: alice,
    member: bob,
    memberKey: membership.keys.get(bob)!,
  };
  const sealed = hexOf(encryptShares([randomScalar(random)], ephemeral, channel));
  const shares = dealt.shares.map((one) => (one.member === bob ? { ...one, sealed } : one));
  const scalar = ephemeral.toString(16).padStart(64, "0");
  return { dealing: { hotkey: alice, commitments: dealt.commitments as string[], shares }, scalar };
};

describe("a threshold group", () => {
  it("is that of the vectors: key, shares, partial signatures, signature and value", async () => {
    assert.deepEqual([formed.qualified, formed.dropped], [members, []]);
    assert.equal(group.publicKey, groupVectors.publicKey);
    for (const [slot, share] of groupVectors.publicShares)
      assert.equal(hexOf(publicShare(group, slot).toBytes(true)), share);
    assert.equal(hexOf(messagePoint(signed).toBytes(true)), groupVectors.message);
    for (const member of members)
      assert.deepEqual(signPartials(memberShares(group, member, secretOf(member)), signed), partials.get(member));
    assert.deepEqual(await combinePartials(group, partials, signed), {
      signature: groupVectors.signature,
      dropped: [],
    });
    assert.ok(verifyGroupSignature(group.publicKey, groupVectors.signature, signed));
    assert.equal(groupValue(signed, groupVectors.signature), groupVectors.value);
  });

  it("signs the same whoever signs, and not with fewer slots than the threshold", async () => {
    assert.equal((await combinePartials(group, without(partials, bob), signed)).signature, groupVectors.signature);
    assert.equal((await combinePartials(group, without(partials, charlie), signed)).signature, groupVectors.signature);
    assert.equal((await combinePartials(group, without(partials, alice), signed)).signature, null);
  });

  it("names whose partial signatures are none, and signs without them", async () => {
    const other = hexOf(messagePoint({ ...signed, closing: network }).toBytes(true));
    const cases = [
      [[other], "a partial signature does not hold"],
      [["c0".padEnd(96, "0")], "not 1 points of G1"],
      [["ff".repeat(48)], "not 1 points of G1"],
      [[other, other], "not 1 points of G1"],
    ] as const;
    for (const [wrong, why] of cases) {
      const combined = await combinePartials(group, new Map([...partials]).set(bob, wrong), signed);
      assert.deepEqual(combined, { signature: groupVectors.signature, dropped: [{ hotkey: bob, why }] });
    }
    assert.deepEqual(await combinePartials(group, new Map([["5stranger", [other]]]), signed), {
      signature: null,
      dropped: [{ hotkey: "5stranger", why: "no member" }],
    });
    assert.equal(verifyGroupSignature(group.publicKey, other, signed), false);
    assert.equal(verifyGroupSignature("00".repeat(96), groupVectors.signature, signed), false);
    assert.equal(verifyGroupSignature(group.publicKey, "00", signed), false);
  });

  it("verifies no partial signature twice, and once somebody lied combines none that it did not verify", async () => {
    const known: PartialsKnown = new Map();
    const other = hexOf(messagePoint({ ...signed, closing: network }).toBytes(true));
    const verified = () => [...known].map(([hotkey, { isVerified }]) => [hotkey, isVerified]);
    const lying = new Map(without(partials, charlie)).set(bob, [other]);
    const first = await combinePartials(group, without(lying, alice), signed, known);
    assert.deepEqual([first.signature, verified()], [null, [[bob, false]]], "too few: nothing is verified");
    const second = await combinePartials(group, lying, signed, known);
    assert.deepEqual(second.dropped, [{ hotkey: bob, why: "a partial signature does not hold" }]);
    assert.deepEqual(verified(), [[alice, true]]);
    // What was verified is not read again, whatever it is now.
    const changed = new Map(without(partials, bob)).set(alice, ["ff".repeat(48)]);
    const third = await combinePartials(group, changed, signed, known);
    assert.deepEqual(third, { signature: groupVectors.signature, dropped: [] });
    assert.deepEqual(verified(), [
      [alice, true],
      [charlie, true],
    ]);
  });

  it("has one text for its signature: whoever publishes it cannot choose among values", () => {
    const [cycle, point] = withSecondText();
    const text = hexOf(point.toBytes(true));
    const other = (BigInt(`0x${text}`) + bls.fields.Fp.ORDER).toString(16);
    assert.equal(verifyGroupSignature(soloKey, text, cycle), true);
    assert.equal(verifyGroupSignature(soloKey, other, cycle), false);
    assert.equal(verifyGroupSignature(soloKey, hexOf(point.toBytes(false)), cycle), false);
  });

  it("takes a dealer that answers a false complaint, and gives the complaining member the opened shares", async () => {
    const complaints = new Map([[bob, against(alice)]]);
    const answers = new Map([[alice, answerOf(alice, bob)]]);
    const answered = await formGroup(membership, { dealings, complaints, answers });
    assert.deepEqual([answered.qualified, answered.dropped], [members, []]);
    assert.equal(answered.group?.publicKey, groupVectors.publicKey);
    assert.deepEqual(memberShares(answered.group!, bob, secretOf(bob)), memberShares(group, bob, secretOf(bob)));
  });

  it("disqualifies by arithmetic: no answer, a wrong one, or one that shows what was wrong", async () => {
    const { dealing, scalar } = withWrongShare();
    const complaints = new Map([[bob, against(charlie, alice)]]);
    const charlies: readonly [string, ReturnType<typeof answerOf>] = [charlie, answerOf(charlie, bob)];
    const wrong = new Map([...dealings, [alice, dealing]]);
    const cases = [
      [wrong, [], "no answer to the complaint of"],
      [wrong, [{ member: bob, ephemeral: scalar }], "its shares are not those committed to"],
      [dealings, [{ member: bob, ephemeral: scalar }], "it is of another ephemeral point"],
      [dealings, [{ member: bob, ephemeral: "ff".repeat(32) }], "not a scalar"],
      [dealings, [{ member: charlie, ephemeral: scalar }], "no answer to the complaint of"],
    ] as const;
    for (const [of, answers, why] of cases) {
      const documents = { dealings: of, complaints, answers: new Map([charlies, [alice, { answers: [...answers] }]]) };
      const { group: without, qualified, dropped } = await formGroup(membership, documents);
      assert.deepEqual(
        qualified,
        members.filter((one) => one !== alice),
      );
      assert.ok(dropped[0]?.hotkey === alice && dropped[0].why.includes(why), JSON.stringify(dropped));
      assert.equal(without, null, "the others hold fewer slots than the threshold");
    }
    const read = readDealing(dealing, membership);
    assert.ok(read.ok);
    const opened = openShares(read.value, membership, bob, secretOf(bob));
    assert.ok(!opened.ok && /not those committed to/.test(opened.problem), "this is what Bob complains of");
    const silent = await formGroup(membership, { ...none, dealings: wrong });
    assert.equal(memberShares(silent.group!, bob, secretOf(bob)).size, 0, "who does not complain cannot sign");
  });

  it("counts complaints by slots, not by heads", async () => {
    const heavy = new Map([[alice, against(bob)]]);
    const { dropped } = await formGroup(membership, {
      ...none,
      complaints: heavy,
      answers: new Map([[bob, answerOf(bob, alice)]]),
    });
    assert.deepEqual(dropped, [{ hotkey: bob, why: "members with 3 of 5 slots complain" }]);
    const light = new Map([
      [bob, against(alice)],
      [charlie, against(alice)],
    ]);
    const answers = [bob, charlie].flatMap((member) => answerOf(alice, member).answers);
    const answered = await formGroup(membership, {
      ...none,
      complaints: light,
      answers: new Map([[alice, { answers }]]),
    });
    assert.deepEqual(answered.dropped, []);
  });

  it("goes on without dealers that say nothing or nonsense, while the others hold the threshold", async () => {
    const [first] = groupVectors.dealings;
    const off = { ...dealings.get(bob)!, commitments: ["ff".repeat(96), ...dealings.get(bob)!.commitments.slice(1)] };
    const cases = [
      [without(dealings, bob), "no dealing"],
      [new Map([...dealings, [bob, { ...off }]]), "a commitment is not a point of BLS12-381"],
      [new Map([...dealings, [bob, { ...off, commitments: off.commitments.slice(1) }]]), "it has 2 commitments, not 3"],
      [new Map([...dealings, [bob, { ...first!, shares: first!.shares.slice(1) }]]), "not one entry for each member"],
      [
        new Map([...dealings, [bob, { ...first!, shares: first!.shares.map((one) => ({ ...one, sealed: "00" })) }]]),
        "have the wrong length",
      ],
    ] as const;
    for (const [i, [of, why]] of cases.entries()) {
      const { group: rest, qualified, dropped } = await formGroup(membership, { ...none, dealings: of });
      assert.deepEqual(qualified, [charlie, alice]);
      assert.ok(dropped.length === 1 && dropped[0]!.why.includes(why), JSON.stringify(dropped));
      const sum = [charlie, alice]
        .map((one) => bls.G2.Point.fromBytes(Uint8Array.from(fromHex(dealings.get(one)!.commitments[0]!))))
        .reduce((a, b) => a.add(b));
      assert.equal(rest?.publicKey, hexOf(sum.toBytes(true)));
      if (i > 0) continue;
      const signing = new Map([[alice, signPartials(memberShares(rest!, alice, secretOf(alice)), signed)]]);
      const { signature } = await combinePartials(rest!, signing, signed);
      assert.ok(verifyGroupSignature(rest!.publicKey, signature!, signed));
    }
    const keyless = { ...membership, keys: without(membership.keys, bob) };
    const reasons = (await formGroup(keyless, none)).dropped.map(({ why }) => why);
    assert.ok(reasons.includes("no encryption key") && reasons.length === 3, reasons.join("; "));
    assert.deepEqual(slotsOf(membership, "5stranger"), []);
    assert.equal(memberShares(group, alice, secretOf(bob)).size, 0, "another's key opens nothing");
  });
});
