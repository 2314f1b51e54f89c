import { sortedOrder } from "../duplicates/sort-keys.js";
import { type UnionFind, unionFind } from "../duplicates/union-find.js";
import { EXACT_BYTES } from "../pieces/piece-writer.js";
import type { PackSettings } from "../settings.js";
import { bandColumn, type Catalogue } from "./catalogue.js";
import { EXACT_DUPLICATE, HELD_OUT, NEAR_DUPLICATE, TRAINING } from "./fate.js";

export interface Deduplicated {
  /** Each document's fate. */
  readonly fates: Uint8Array;
  /** The first document of each one's cluster of near-duplicates. */
  readonly clusters: UnionFind;
}

/**
 * Joins documents that are equal or agree in a band of their sketches into clusters, keeps the first of each, and puts every cluster as a whole on
 * one side of the split: that on which its first document is by its hash, as `isHeldOut` says.
 *
 * A band after another is read and sorted, so that memory takes 40 bytes a document, whatever the number of bands.
 */
export const deduplicate = (
  catalogue: Catalogue,
  { duplicates, held_out }: Pick<PackSettings, "duplicates" | "held_out">,
  onBand: (done: number) => void = () => {},
): Deduplicated => {
  const { count, bands, exact } = catalogue;
  const fates = new Uint8Array(count);
  const clusters = unionFind(count);
  joinEqual(exact, clusters, (document) => {
    if (duplicates.exact === "remove") fates[document] = EXACT_DUPLICATE;
  });
  for (let band = 0; band < bands; band++) {
    const { highs, lows } = bandColumn(catalogue, band);
    const order = sortedOrder(highs, lows);
    for (let i = 1; i < count; i++) {
      const [before, document] = [order[i - 1]!, order[i]!];
      const isSame = highs[before] === highs[document] && lows[before] === lows[document];
      const hasWords = highs[document] !== 0 || lows[document] !== 0;
      if (isSame && hasWords) clusters.join(before, document);
    }
    onBand(band + 1);
  }
  const view = Buffer.from(exact.buffer);
  for (let document = 0; document < count; document++) {
    if (fates[document] === EXACT_DUPLICATE) continue;
    const first = clusters.find(document);
    const isFirst = first === document;
    if (!isFirst && duplicates.near === "remove") fates[document] = NEAR_DUPLICATE;
    else fates[document] = view.readUIntBE(EXACT_BYTES * first, 6) < held_out * 2 ** 48 ? HELD_OUT : TRAINING;
  }
  return { fates, clusters };
};

/** Calls `onLater` for each document that is equal to an earlier one. */
const joinEqual = (exact: Uint8Array, clusters: UnionFind, onLater: (document: number) => void): void => {
  const view = new Uint32Array(exact.buffer);
  const count = exact.length / EXACT_BYTES;
  const word = (document: number, at: number): number => view[(EXACT_BYTES / 4) * document + at]!;
  const order = sortedOrder(
    Uint32Array.from({ length: count }, (_, i) => word(i, 0)),
    Uint32Array.from({ length: count }, (_, i) => word(i, 1)),
  );
  for (let i = 1; i < count; i++) {
    const [before, document] = [order[i - 1]!, order[i]!];
    if ([0, 1, 2, 3].some((at) => word(before, at) !== word(document, at))) continue;
    clusters.join(before, document);
    onLater(document);
  }
};
