import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import { MILLION } from "#shared/util/fraction.js";

const DOMAIN = "blockzero/confirmation/1";

/** How often hosts are asked, without notice, to prove their capacity again. */
export interface ConfirmationRules {
  /** Mean number of confirmations in so many blocks, in millionths, if none overlapped. */
  readonly perCycle: number;
  readonly blocks: number;
  /** Blocks that one lasts. It begins with its trigger: no grace. */
  readonly window: number;
}

/** A stretch of blocks: first ≤ block < end. */
export interface Confirmation {
  readonly first: number;
  readonly end: number;
}

/**
 * Whether a confirmation begins with a block: u64(SHA-256(domain ‖ entropy ‖ u64le(block))) below 2⁶⁴ · rate / blocks, big-endian. It asks
 * all hosts at once: else one machine could answer for many hotkeys in turn. Each block decides by itself, so that a confirmation that
 * is over says nothing of the next, and a cycle has none with probability e^−rate.
 *
 * @param entropy what nobody knew before the block, 64 hex digits: a drand pulse or a beacon's value
 */
export const isTrigger = (entropy: string, block: number, { perCycle, blocks }: ConfirmationRules): boolean => {
  const draw = BigInt(`0x${sha256(Buffer.from(DOMAIN), hashBytes(entropy), u64le(block)).slice(0, 16)}`);
  return draw * BigInt(MILLION) * BigInt(blocks) < BigInt(perCycle) << 64n;
};

/**
 * The confirmations that begin in a range of blocks, in order. A trigger within one that is under way begins none.
 *
 * @param range first ≤ block < end
 */
export const confirmationsIn = (
  { first, end }: Confirmation,
  entropyOf: (block: number) => string,
  rules: ConfirmationRules,
): readonly Confirmation[] => {
  const found: Confirmation[] = [];
  for (let block = first; block < end; block++) {
    if (!isTrigger(entropyOf(block), block, rules)) continue;
    found.push({ first: block, end: block + rules.window });
    block += rules.window - 1;
  }
  return found;
};
