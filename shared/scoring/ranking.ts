/** What decides a place within a group. */
export interface Contender {
  readonly hotkey: string;
  readonly score: number;
  /** Block of this cycle's commit record; null for a miner that made none and stands by earlier cycles. */
  readonly commitBlock: number | null;
  readonly artifact: string | null;
}

/**
 * Best first: by score; equal scores by the earlier commit block, then the lower artifact hash, then the lower hotkey. Never by
 * uid, which a newcomer cannot choose, nor by when a file arrived, which the chain does not know.
 */
export const rank = <T extends Contender>(contenders: readonly T[]): readonly T[] =>
  [...contenders].sort(
    (a, b) =>
      b.score - a.score ||
      compare(a.commitBlock ?? Number.POSITIVE_INFINITY, b.commitBlock ?? Number.POSITIVE_INFINITY) ||
      compare(a.artifact ?? "~", b.artifact ?? "~") ||
      compare(a.hotkey, b.hotkey),
  );

const compare = <T extends string | number>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
