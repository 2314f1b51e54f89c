import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { MAX_WINS } from "#shared/protocol/records.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";

/** Most bytes of one gap: 7 bits a byte, 48 bits in all. */
export const MAX_GAP_BYTES = 7;

/** Why a list of nonces is no list of wins. */
export type WinsFault = "too_large" | "out_of_range" | "unsorted" | "duplicate";

/** The first fault of a list of wins that must ascend strictly and lie in [0, `below`). Null if it has none. */
export const winsFault = (wins: readonly number[], below = NONCES): WinsFault | null => {
  if (wins.length > MAX_WINS) return "too_large";
  let last = -1;
  for (const nonce of wins) {
    if (!Number.isInteger(nonce) || nonce < 0 || nonce >= below) return "out_of_range";
    if (nonce === last) return "duplicate";
    if (nonce < last) return "unsorted";
    last = nonce;
  }
  return null;
};

/**
 * Ascending nonces as base64url without padding: the first nonce, then each one's distance from the one before, as LEB128 (7 bits a byte,
 * lowest first, the high bit set in all bytes but a number's last). About 2 bytes a win at a difficulty of 900.
 */
export const encodeGaps = (wins: readonly number[]): string => {
  const bytes = new Uint8Array(wins.length * MAX_GAP_BYTES);
  let [length, last] = [0, 0];
  for (const nonce of wins) {
    let gap = nonce - last;
    for (; gap >= 0x80; gap = Math.floor(gap / 0x80)) bytes[length++] = (gap % 0x80) | 0x80;
    bytes[length++] = gap;
    last = nonce;
  }
  return Buffer.from(bytes.buffer, 0, length).toString("base64url");
};

/** Reads what `encodeGaps` writes, faults of the list included; refuses what it never writes. Never throws. */
export const decodeGaps = (text: string): Parsed<readonly number[]> => {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) return refused("wins are not base64url without padding");
  const wins: number[] = [];
  let [nonce, gap, unit] = [0, 0, 1];
  for (const byte of bytes) {
    gap += (byte & 0x7f) * unit;
    if (byte >= 0x80) {
      unit *= 0x80;
      if (unit > 0x80 ** (MAX_GAP_BYTES - 1)) return refused("a gap has more than 7 bytes");
      continue;
    }
    if (byte === 0 && unit > 1) return refused("a gap is not in its shortest form");
    nonce += gap;
    if (nonce >= NONCES) return refused("a nonce is 2^48 or more");
    if (wins.push(nonce) > MAX_WINS) return refused(`more than ${MAX_WINS} wins`);
    [gap, unit] = [0, 1];
  }
  return unit === 1 ? accepted(wins) : refused("the last gap is cut off");
};
