import { MAX_WINS } from "#shared/protocol/records.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { type Checked, faulty } from "./fault.js";

/** Most bytes of one gap: 7 bits a byte, 48 bits in all. */
const MAX_GAP_BYTES = 7;

/** Bytes of a win at most in the mean of many, and bytes that few may have beyond it. */
const MEAN_GAP_BYTES = 3;
const SPARE_BYTES = 1024;

/**
 * Most bytes of the gaps of so many wins: 7 each, and of many 3 in the mean and 1,024. Nonces that are tried one after the other have 1.9 at the
 * greatest difficulty, and a mean gap must be above 2^21 for more than 3: so a list of 2^20 wins has 3 MiB and no more.
 */
export const maxGapsBytes = (wins: number): number => {
  const count = Math.min(wins, MAX_WINS);
  return Math.min(MAX_GAP_BYTES * count, MEAN_GAP_BYTES * count + SPARE_BYTES);
};

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
 * Ascending nonces as their gaps: the first nonce, then each one's distance from the one before, as LEB128 (7 bits a byte, lowest first, the high bit
 * set in all bytes but a number's last). About 2 bytes a win at a difficulty of 900.
 */
export const encodeGaps = (wins: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(wins.length * MAX_GAP_BYTES);
  let [length, last] = [0, 0];
  for (const nonce of wins) {
    let gap = nonce - last;
    for (; gap >= 0x80; gap = Math.floor(gap / 0x80)) bytes[length++] = (gap % 0x80) | 0x80;
    bytes[length++] = gap;
    last = nonce;
  }
  return bytes.subarray(0, length);
};

export interface ListOfWins {
  /** How many there are. */
  readonly wins: number;
  /** What each is below: at most 2^48. */
  readonly below: number;
}

/** The greatest power of 128 that a byte of a gap may stand for. */
const LAST_UNIT = 0x80 ** (MAX_GAP_BYTES - 1);

/**
 * Reads what `encodeGaps` writes of ascending wins; refuses all else. One pass, which ends at the first fault: a million wins take some hundredths of
 * a second. Never throws.
 */
export const decodeGaps = (bytes: Uint8Array, { wins: count, below }: ListOfWins): Checked<readonly number[]> => {
  const malformed = (detail: string) => faulty("malformed", detail);
  if (bytes.length > maxGapsBytes(count)) return faulty("too_large", `${bytes.length} bytes for ${count} wins`);
  if (bytes.length < count) return malformed(`${bytes.length} bytes for ${count} wins`);
  const wins = new Array<number>(count);
  let [read, nonce, at] = [0, 0, 0];
  while (at < bytes.length) {
    if (read === count) return malformed(`more than ${count} wins`);
    let byte = bytes[at++]!;
    let [gap, unit] = [byte & 0x7f, 1];
    while (byte >= 0x80) {
      if (at === bytes.length) return malformed("the last gap is cut off");
      if (unit === LAST_UNIT) return malformed("a gap has more than 7 bytes");
      unit *= 0x80;
      byte = bytes[at++]!;
      gap += (byte & 0x7f) * unit;
    }
    if (byte === 0 && unit > 1) return malformed("a gap is not in its shortest form");
    if (gap === 0 && read > 0) return faulty("duplicate");
    nonce += gap;
    if (nonce >= below) return faulty("out_of_range");
    wins[read++] = nonce;
  }
  return read === count ? { ok: true, value: wins } : malformed(`${read} wins of ${count}`);
};
