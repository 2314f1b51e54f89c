import { BlockZeroError } from "#shared/errors/error.js";
import type { Random } from "./random.js";
import type { Side } from "./split.js";
import type { TokenDocument, TokenSource } from "./token-source.js";

/** Draws documents of one side of the split. */
export type DrawDocument = (random: Random) => TokenDocument;

/** Draws from an unbounded source before giving up; a side that takes a thousandth of the documents is still found. */
const MAX_DRAWS = 20_000;

/**
 * Documents of a source that lie on one side of the split: of a bounded source in proportion to their length in bytes,
 * of an unbounded one at fresh random indices.
 *
 * @throws BlockZeroError SPLIT_EMPTY where no document lies on that side
 */
export const documentsOn = (side: Side, source: TokenSource, share: number): DrawDocument =>
  source.size === "unbounded" ? drawUnbounded(side, source, share) : drawByLength(side, source, share);

const drawUnbounded =
  (side: Side, source: TokenSource, share: number): DrawDocument =>
  (random) => {
    for (let draw = 0; draw < MAX_DRAWS; draw++) {
      const index = random.uint32();
      if (source.place(index, share)?.side === side) return source.tokens(index);
    }
    throw emptySide(side, source);
  };

const drawByLength = (side: Side, source: TokenSource, share: number): DrawDocument => {
  const { indices, ends } = splitOf(source, share)[side];
  const total = ends.at(-1);
  if (total === undefined) throw emptySide(side, source);
  return (random) => source.tokens(indices[firstAbove(ends, random.below(total))] ?? 0);
};

/** Documents of one side: their indices, and the running sum of their lengths in bytes. */
interface Documents {
  readonly indices: number[];
  readonly ends: number[];
}

// Reading a whole source costs its hash; every loader of a process that shares a source shares the answer.
const splits = new WeakMap<TokenSource, Map<number, Record<Side, Documents>>>();

const splitOf = (source: TokenSource, share: number): Record<Side, Documents> => {
  const known = splits.get(source) ?? new Map<number, Record<Side, Documents>>();
  splits.set(source, known);
  const split = known.get(share) ?? scan(source, share);
  known.set(share, split);
  return split;
};

const scan = (source: TokenSource, share: number): Record<Side, Documents> => {
  const split: Record<Side, Documents> = {
    training: { indices: [], ends: [] },
    "held-out": { indices: [], ends: [] },
  };
  for (let index = 0; index < Number(source.size); index++) {
    const place = source.place(index, share);
    if (!place) continue;
    const { indices, ends } = split[place.side];
    indices.push(index);
    ends.push((ends.at(-1) ?? 0) + place.bytes);
  }
  return split;
};

/** Position of the first element above a value, in an ascending array whose last element is above it. */
const firstAbove = (ascending: readonly number[], value: number): number => {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
};

const emptySide = (side: Side, source: TokenSource): BlockZeroError =>
  new BlockZeroError(
    "SPLIT_EMPTY",
    `the source "${source.kind}" has no ${side} document`,
    "add documents, or change the held-out share of the network file",
  );
