import { setImmediate } from "node:timers/promises";
import { bls12_381 as bls } from "@noble/curves/bls12-381";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import { accepted } from "#shared/protocol/parsed.js";
import type { Dropped } from "../value.js";
import { Fr, fromHex, type G2, hexOf, parseScalar } from "./curve.js";
import { type Dealing, decryptOwn, openAnswer, readDealing } from "./dealing.js";
import type { GroupDocument } from "./documents.js";
import type { GroupKeys } from "./group-keys.js";
import { complainingOf, type Membership, slotsOf } from "./membership.js";
import { evaluateInExponent } from "./polynomial.js";
import { countSlots } from "./slots.js";

/** The documents that everybody agrees were there in time, one of a kind a hotkey. */
export interface GroupDocuments {
  readonly dealings: ReadonlyMap<string, Pick<GroupDocument<"dealing">, "hotkey" | "commitments" | "shares">>;
  /** Member → whom it complains of. */
  readonly complaints: ReadonlyMap<string, Pick<GroupDocument<"complaint">, "against">>;
  /** Dealer → its answers. */
  readonly answers: ReadonlyMap<string, Pick<GroupDocument<"answer">, "answers">>;
}

/** A dealing that counts, with the shares that its dealer opened in public because their members complained. */
interface QualifiedDealing extends Dealing {
  readonly opened: ReadonlyMap<string, readonly bigint[]>;
}

/** A group that can sign. */
export interface Group extends GroupKeys {
  readonly membership: Membership;
  readonly dealings: readonly QualifiedDealing[];
}

export interface FormedGroup {
  /** Null if the qualified dealers hold fewer slots than the threshold. */
  readonly group: Group | null;
  /** Ascending hotkeys of the dealers whose secrets are in the group's. */
  readonly qualified: readonly string[];
  /** By ascending hotkey. */
  readonly dropped: readonly Dropped[];
}

/**
 * The group that the documents make: the distributed key generation of Pedersen ("A Threshold Cryptosystem without a Trusted Party", 1991)
 * with the rules for complaints of Gennaro, Jarecki, Krawczyk and Rabin ("Secure Distributed Key Generation for Discrete-Log Based
 * Cryptosystems", 2007), counted by slots and not by heads. A dealer is disqualified if
 *
 * - its dealing is missing or has not the right form;
 * - members with as many slots as the threshold complain: to answer them all would open its secret;
 * - it leaves one complaint without an answer, or the answer does not give what it encrypted and committed to.
 *
 * The group forms if the others hold at least the threshold of slots. A party that deals last can influence the key, but no signature. A
 * dealing takes up to a third of a second to judge; other work goes on between two.
 */
export const formGroup = async (membership: Membership, documents: GroupDocuments): Promise<FormedGroup> => {
  const qualified: QualifiedDealing[] = [];
  const dropped: Dropped[] = [];
  for (const hotkey of [...membership.slots.keys()].sort(compareTexts)) {
    await setImmediate();
    const judged = judge(membership, documents, hotkey);
    if (typeof judged === "string") dropped.push({ hotkey, why: judged });
    else qualified.push(judged);
  }
  const hotkeys = qualified.map(({ dealer }) => dealer);
  const enough = countSlots(membership.slots, hotkeys) >= membership.shape.threshold;
  return { group: enough ? groupOf(membership, qualified) : null, qualified: hotkeys, dropped };
};

/** The dealing, or why its dealer is disqualified. */
const judge = (membership: Membership, documents: GroupDocuments, dealer: string): QualifiedDealing | string => {
  if (!membership.keys.has(dealer)) return "no encryption key";
  const document = documents.dealings.get(dealer);
  if (document === undefined) return "no dealing";
  const dealing = readDealing({ ...document, hotkey: dealer }, membership);
  if (!dealing.ok) return dealing.problem;
  const complaining = complainingOf(membership, documents.complaints, dealer);
  const slots = countSlots(membership.slots, complaining);
  if (slots >= membership.shape.threshold) return `members with ${slots} of ${membership.shape.slots} slots complain`;
  const opened = new Map<string, readonly bigint[]>();
  for (const member of complaining) {
    const answer = documents.answers.get(dealer)?.answers.find((one) => one.member === member);
    if (answer === undefined) return `no answer to the complaint of ${member}`;
    const scalar = parseScalar(fromHex(answer.ephemeral));
    const shares = scalar.ok ? openAnswer(dealing.value, membership, member, scalar.value) : scalar;
    if (!shares.ok) return `its answer to ${member} does not hold: ${shares.problem}`;
    opened.set(member, shares.value);
  }
  return { ...dealing.value, opened };
};

const groupOf = (membership: Membership, dealings: readonly QualifiedDealing[]): Group | null => {
  const commitments = Array.from({ length: membership.shape.threshold }, (_, k) =>
    dealings.reduce((sum, dealing) => sum.add(dealing.commitments[k]!), bls.G2.Point.ZERO),
  );
  const [key] = commitments;
  if (key === undefined || key.is0()) return null;
  return { membership, publicKey: hexOf(key.toBytes(true)), commitments, dealings };
};

/** What a slot's partial signatures are verified against: its share of the group's secret times the generator of G2. */
export const publicShare = ({ commitments }: Pick<Group, "commitments">, slot: number): G2 =>
  evaluateInExponent(commitments, slot);

/**
 * A member's shares of the group's secret, slot → scalar: the sums of what the qualified dealers gave it. Empty if it has none, or if it did
 * not complain of a dealing that gives it wrong ones. @param secret of its encryption key
 */
export const memberShares = (
  group: Pick<Group, "membership" | "dealings" | "commitments">,
  member: string,
  secret: bigint,
): ReadonlyMap<number, bigint> => {
  const { membership, dealings } = group;
  if (!membership.keys.has(member)) return new Map();
  const slots = slotsOf(membership, member);
  const sums = slots.map(() => 0n);
  for (const dealing of dealings) {
    const opened = dealing.opened.get(member);
    const shares = opened ? accepted(opened) : decryptOwn(dealing, membership, member, secret);
    if (!shares.ok) return new Map();
    for (const i of slots.keys()) sums[i] = Fr.add(sums[i]!, shares.value[i]!);
  }
  const isRight = slots.every(
    (slot, i) => sums[i] !== 0n && bls.G2.Point.BASE.multiply(sums[i]!).equals(publicShare(group, slot)),
  );
  return isRight ? new Map(slots.map((slot, i) => [slot, sums[i]!])) : new Map();
};
