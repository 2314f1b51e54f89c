import { setImmediate } from "node:timers/promises";
import { bls12_381 as bls } from "@noble/curves/bls12-381";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import type { CycleName } from "../fallback.js";
import type { Dropped } from "../value.js";
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

/** What is known of a member's partial signatures. */
interface KnownPartials {
  readonly points: readonly G1[];
  /** Each one holds. Else none was verified by itself. */
  readonly isVerified: boolean;
}

/** Hotkey → what earlier calls for the same cycle found out of its partial signatures, so that nothing is read or verified twice. */
export type PartialsKnown = Map<string, KnownPartials>;

/**
 * The group's signature from partial signatures of at least the threshold of slots, by Lagrange's interpolation over G1. Whichever slots
 * sign, it is the same. Partial signatures are verified one by one only once a combination did not hold: from then on no call combines any
 * that are not verified, so that members that lie one after the other cost no more than their own. Other work goes on between two of them.
 *
 * @param partials hotkey → its document's `partials`
 */
export const combinePartials = async (
  group: GroupKeys,
  partials: ReadonlyMap<string, readonly string[]>,
  cycle: SignedCycle,
  known: PartialsKnown = new Map(),
): Promise<Combined> => {
  const dropped: Dropped[] = [];
  const sorted = [...partials].sort(([a], [b]) => compareTexts(a, b));
  for (const [hotkey, texts] of sorted) {
    if (known.has(hotkey)) continue;
    await setImmediate();
    const slots = slotsOf(group.membership, hotkey);
    // A point takes milliseconds to read: only as many as the slots that hotkey holds.
    const own = texts.length === slots.length ? texts.map((text) => parseG1(fromHex(text))) : [];
    const points = own.flatMap((point) => (point.ok ? [point.value] : []));
    if (slots.length === 0) dropped.push({ hotkey, why: "no member" });
    else if (points.length !== slots.length) dropped.push({ hotkey, why: `not ${slots.length} points of G1` });
    else known.set(hotkey, { points, isVerified: false });
  }
  const hasLiars = [...known.values()].some(({ isVerified }) => isVerified);
  const signature = hasLiars ? null : combine(group, known);
  if (!hasLiars && (signature === null || verifyGroupSignature(group.publicKey, signature, cycle)))
    return { signature, dropped };
  const message = messagePoint(cycle);
  for (const [hotkey, { points, isVerified }] of [...known]) {
    if (isVerified) continue;
    if (await areOf(group, hotkey, points, message)) known.set(hotkey, { points, isVerified: true });
    else {
      known.delete(hotkey);
      dropped.push({ hotkey, why: "a partial signature does not hold" });
    }
  }
  dropped.sort((a, b) => compareTexts(a.hotkey, b.hotkey));
  return { signature: combine(group, known), dropped };
};

/** Whether each partial signature is that of the member's slot. Other work goes on between two. */
const areOf = async (group: GroupKeys, hotkey: string, points: readonly G1[], message: G1): Promise<boolean> => {
  for (const [i, slot] of slotsOf(group.membership, hotkey).entries()) {
    await setImmediate();
    if (!verifyPartial(group, slot, points[i]!, message)) return false;
  }
  return true;
};

/** The first slots as many as the threshold. Null if there are fewer. */
const combine = ({ membership }: GroupKeys, known: PartialsKnown): string | null => {
  const ofSlots = [...known].flatMap(([hotkey, { points }]) =>
    slotsOf(membership, hotkey).map((slot, i): readonly [number, G1] => [slot, points[i]!]),
  );
  const { threshold } = membership.shape;
  if (ofSlots.length < threshold) return null;
  const first = ofSlots.sort(([a], [b]) => a - b).slice(0, threshold);
  return hexOf(interpolateAtZero(new Map(first)).toBytes(true));
};

/** The value of a group's signature: SHA-256("blockzero/beacon-group/1" ‖ network hash ‖ cycle as u64 little-endian ‖ signature). */
export const groupValue = ({ network, cycle }: CycleName, signature: string): string =>
  sha256(Buffer.from(VALUE_DOMAIN), hashBytes(network), u64le(cycle), fromHex(signature));
