import { compareTexts } from "#shared/protocol/compare-texts.js";
import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import type { Weights } from "./threshold.js";

/** Slots of a vote. With 128, an adversary with 40 % of the weight holds more than two thirds of them with probability 5·10⁻¹⁰. */
export const VOTE_SLOTS = 128;

interface SlotDraw {
  /** What the slots are for: it is part of every draw. */
  readonly domain: string;
  /** 64 hex digits, not known when the weights were fixed. */
  readonly beacon: string;
  /** What is voted on, 64 hex digits. */
  readonly subject: string;
  readonly slots: number;
  /** Who may hold a slot. */
  readonly weights: Weights;
}

/**
 * Slots by weight: slot k goes to the member in whose part of the weights, added up by ascending hotkey, SHA-256(domain ‖ beacon ‖ subject ‖ k as u64
 * little-endian) mod total lies, the hash read as a big-endian number. Nobody holds a slot where nobody has weight.
 */
export const drawSlots = ({ domain, beacon, subject, slots, weights }: SlotDraw): ReadonlyMap<string, number> => {
  const members = [...weights].filter(([, weight]) => weight > 0n).sort(([a], [b]) => compareTexts(a, b));
  const total = sumStake(members.map(([, weight]) => weight));
  const held = new Map<string, number>();
  if (total === 0n) return held;
  const head = Buffer.concat([Buffer.from(domain), hashBytes(beacon), hashBytes(subject)]);
  for (let slot = 0; slot < slots; slot++) {
    const holder = holderAt(members, BigInt(`0x${sha256(head, u64le(slot))}`) % total);
    held.set(holder, (held.get(holder) ?? 0) + 1);
  }
  return held;
};

const holderAt = (members: readonly (readonly [string, bigint])[], place: bigint): string => {
  let above = 0n;
  const [holder] = members.find(([, weight]) => {
    above += weight;
    return place < above;
  })!;
  return holder;
};
