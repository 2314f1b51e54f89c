import { byteFallback as bytesIn } from "./byte-tokens.js";
import { remembered } from "./remembered.js";

/** Ids are below this: a pair of them is one exact number. */
export const MAX_IDS = 2 ** 21;

export interface BpeModel {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Pairs of ids that become one, the first first. */
  readonly merges: Iterable<readonly [left: number, right: number, merged: number]>;
  /** Stands for a character that has no token; undefined: it is left out. */
  readonly unknown: number | undefined;
  /** Several such characters in a row are one. */
  readonly fuseUnknown: boolean;
  /** A character that has no token is its bytes, `<0x0A>` and so on, where the vocabulary has them. */
  readonly byteFallback: boolean;
  /** A word that is a token is that token, whatever the merges say. */
  readonly ignoreMerges: boolean;
}

/**
 * Byte-pair encoding as `models::BPE` of the Rust library `tokenizers` does it: of all neighbours the pair with the lowest rank is merged, the
 * leftmost where there are several. A heap of pairs makes it n log n in a word's length.
 */
export const createBpe = (model: BpeModel): ((word: string) => readonly number[]) => {
  const { vocabulary, unknown, fuseUnknown, byteFallback, ignoreMerges } = model;
  const ranks = new Map<number, number>();
  const mergedIds: number[] = [];
  for (const [left, right, merged] of model.merges) {
    const key = left * MAX_IDS + right;
    // Where a pair stands twice the last one counts, as in a map that is filled in order.
    ranks.set(key, mergedIds.length);
    mergedIds.push(merged);
  }
  const bytesOf = byteFallback ? bytesIn(vocabulary) : () => null;

  const symbolsOf = (word: string): number[] => {
    const symbols: number[] = [];
    let isUnknown = false;
    for (const character of word) {
      const id = vocabulary.get(character);
      const ids = id === undefined ? bytesOf(character) : [id];
      if (ids) symbols.push(...ids);
      else {
        if (unknown !== undefined && !(isUnknown && fuseUnknown)) symbols.push(unknown);
        isUnknown = true;
        continue;
      }
      isUnknown = false;
    }
    return symbols;
  };

  const encode = (word: string): readonly number[] => {
    const whole = ignoreMerges ? vocabulary.get(word) : undefined;
    if (whole !== undefined) return [whole];
    return mergePairs(symbolsOf(word), (left, right) => ranks.get(left * MAX_IDS + right), mergedIds);
  };

  return remembered(encode);
};

/** Places in a word are below this: a rank and a place are one exact number, ordered by rank first. */
const MAX_PLACES = 2 ** 26;

const mergePairs = (
  symbols: number[],
  rankOf: (left: number, right: number) => number | undefined,
  mergedIds: readonly number[],
): readonly number[] => {
  const count = symbols.length;
  if (count < 2) return symbols;
  const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1));
  const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
  const gone = new Uint8Array(count);
  const heap = minHeap();
  const offer = (place: number): void => {
    const right = next[place]!;
    if (right === -1) return;
    const rank = rankOf(symbols[place]!, symbols[right]!);
    if (rank !== undefined) heap.push(rank * MAX_PLACES + place);
  };
  for (let place = 0; place + 1 < count; place++) offer(place);
  while (heap.size() > 0) {
    const top = heap.pop();
    const place = top % MAX_PLACES;
    const rank = (top - place) / MAX_PLACES;
    const right = next[place]!;
    // The pair that was offered may have changed since.
    if (gone[place] || right === -1 || rankOf(symbols[place]!, symbols[right]!) !== rank) continue;
    symbols[place] = mergedIds[rank]!;
    gone[right] = 1;
    const after = next[right]!;
    next[place] = after;
    if (after !== -1) previous[after] = place;
    if (previous[place] !== -1) offer(previous[place]!);
    offer(place);
  }
  return symbols.filter((_, place) => !gone[place]);
};

/** Numbers, the least first. */
const minHeap = () => {
  const items: number[] = [];
  return {
    size: () => items.length,
    push(value: number): void {
      let at = items.length;
      items.push(value);
      while (at > 0) {
        const parent = (at - 1) >>> 1;
        if (items[parent]! <= value) break;
        items[at] = items[parent]!;
        at = parent;
      }
      items[at] = value;
    },
    /** Of a heap that is not empty. */
    pop(): number {
      const least = items[0]!;
      const last = items.pop()!;
      if (items.length === 0) return least;
      let at = 0;
      while (true) {
        let child = 2 * at + 1;
        if (child >= items.length) break;
        if (child + 1 < items.length && items[child + 1]! < items[child]!) child++;
        if (items[child]! >= last) break;
        items[at] = items[child]!;
        at = child;
      }
      items[at] = last;
      return least;
    },
  };
};
