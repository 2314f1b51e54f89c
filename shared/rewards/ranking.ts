import { compareTexts } from "#shared/protocol/compare-texts.js";
import { sha256 } from "#shared/protocol/hash.js";

/** What decides a place within a group. */
export interface Contender {
  readonly hotkey: string;
  readonly score: number;
}

/**
 * Best first: by score. Equal scores are ordered by SHA-256(score as 8 bytes, IEEE 754, little-endian ‖ hotkey in ASCII), the lower hash
 * first. Nobody knows the score before the commits are closed, so choosing a hotkey, an artifact or an early block brings no advantage.
 */
export const rank = <T extends Contender>(contenders: readonly T[]): readonly T[] => {
  const lots = new Map(contenders.map((contender) => [contender, lotOf(contender)]));
  return [...contenders].sort((a, b) => b.score - a.score || compareTexts(lots.get(a)!, lots.get(b)!));
};

const lotOf = ({ hotkey, score }: Contender): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(score);
  return sha256(bytes, Buffer.from(hotkey, "ascii"));
};
