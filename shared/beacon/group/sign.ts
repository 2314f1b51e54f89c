import { bls12_381 as bls } from "@noble/curves/bls12-381";
import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import type { CycleName } from "../fallback.js";
import type { Dropped } from "../value.js";
import { compareTexts } from "../weights.js";
import { fromHex, type G1, hexOf, parseG1, parseG2 } from "./curve.js";
import { publicShare } from "./form-group.js";
import type { GroupKeys } from "./group-keys.js";
import { slotsOf } from "./membership.js";
import { interpolateAtZero } from "./polynomial.js";

const MESSAGE_DOMAIN = "blockzero/group-message/1";
const VALUE_DOMAIN = "blockzero/beacon-group/1";
const DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

export interface SignedCycle extends CycleName {
  /** Hash of the last block before signing begins: not even the whole group knows a value before it. */
  readonly closing: string;
}

/**
 * The point of G1 that a group signs for a cycle: hash to curve of SHA-256("blockzero/group-message/1" ‖ network hash ‖ cycle as u64
 * little-endian ‖ closing block's hash).
 */
export const messagePoint = ({ network, cycle, closing }: SignedCycle): G1 =>
  bls.shortSignatures.hash(
    hashBytes(sha256(Buffer.from(MESSAGE_DOMAIN), hashBytes(network), u64le(cycle), hashBytes(closing))),
    DST,
  );

/** A member's partial signatures for its `partial` document, in ascending order of its slots. @param shares slot → scalar */
export const signPartials = (shares: ReadonlyMap<number, bigint>, cycle: SignedCycle): readonly string[] => {
  const message = messagePoint(cycle);
  return [...shares].sort(([a], [b]) => a - b).map(([, share]) => hexOf(message.multiply(share).toBytes(true)));
};

/** Whether a partial signature is the slot's: e(partial, G2) = e(message, public share). */
export const verifyPartial = (group: GroupKeys, slot: number, partial: G1, message: G1): boolean => {
  const key = publicShare(group, slot);
  return !key.is0() && bls.shortSignatures.verify(partial, message, key);
};

/** Whether 48 bytes in hex are the group's signature of a cycle. Never throws. @param publicKey 192 hex digits */
export const verifyGroupSignature = (publicKey: string, signature: string, cycle: SignedCycle): boolean => {
  const key = parseG2(fromHex(publicKey));
  const point = parseG1(fromHex(signature));
  return key.ok && point.ok && bls.shortSignatures.verify(point.value, messagePoint(cycle), key.value);
};

export interface Combined {
  /** 96 hex digits. Null if too few slots signed. */
  readonly signature: string | null;
  /** Members whose partial signatures are none; by ascending hotkey. */
  readonly dropped: readonly Dropped[];
}

/**
 * The group's signature from partial signatures of at least the threshold of slots, by Lagrange's interpolation over G1. Whichever slots
 * sign, it is the same. Partial signatures are verified one by one only if the combination of the first ones does not hold.
 *
 * @param partials hotkey → its document's `partials`
 */
export const combinePartials = (
  group: GroupKeys,
  partials: ReadonlyMap<string, readonly string[]>,
  cycle: SignedCycle,
): Combined => {
  const dropped: Dropped[] = [];
  const points = new Map<string, readonly G1[]>();
  for (const [hotkey, texts] of [...partials].sort(([a], [b]) => compareTexts(a, b))) {
    const slots = slotsOf(group.membership, hotkey);
    // A point takes milliseconds to read: only as many as the slots that hotkey holds.
    const own = texts.length === slots.length ? texts.map((text) => parseG1(fromHex(text))) : [];
    const valid = own.flatMap((point) => (point.ok ? [point.value] : []));
    if (slots.length === 0) dropped.push({ hotkey, why: "no member" });
    else if (valid.length !== slots.length) dropped.push({ hotkey, why: `not ${slots.length} points of G1` });
    else points.set(hotkey, valid);
  }
  const signature = combine(group, points);
  if (signature === null || verifyGroupSignature(group.publicKey, signature, cycle)) return { signature, dropped };
  const message = messagePoint(cycle);
  for (const [hotkey, own] of [...points]) {
    if (slotsOf(group.membership, hotkey).every((slot, i) => verifyPartial(group, slot, own[i]!, message))) continue;
    points.delete(hotkey);
    dropped.push({ hotkey, why: "a partial signature does not hold" });
  }
  dropped.sort((a, b) => compareTexts(a.hotkey, b.hotkey));
  return { signature: combine(group, points), dropped };
};

/** The first slots as many as the threshold. Null if there are fewer. */
const combine = ({ membership }: GroupKeys, points: ReadonlyMap<string, readonly G1[]>): string | null => {
  const ofSlots = [...points].flatMap(([hotkey, own]) =>
    slotsOf(membership, hotkey).map((slot, i): readonly [number, G1] => [slot, own[i]!]),
  );
  const { threshold } = membership.shape;
  if (ofSlots.length < threshold) return null;
  const first = ofSlots.sort(([a], [b]) => a - b).slice(0, threshold);
  return hexOf(interpolateAtZero(new Map(first)).toBytes(true));
};

/** The value of a group's signature: SHA-256("blockzero/beacon-group/1" ‖ network hash ‖ cycle as u64 little-endian ‖ signature). */
export const groupValue = ({ network, cycle }: CycleName, signature: string): string =>
  sha256(Buffer.from(VALUE_DOMAIN), hashBytes(network), u64le(cycle), fromHex(signature));
