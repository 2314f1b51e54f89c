import { type UnionFind, unionFind } from "../duplicates/union-find.js";
import { giveWay } from "../give-way.js";
import { EXACT_BYTES } from "../pieces/piece-writer.js";
import type { PackSettings } from "../settings.js";
import { bandColumns, type Catalogue, exactColumns, exactHashes } from "./catalogue.js";
import { eachEqual } from "./each-equal.js";
import { EXACT_DUPLICATE, HELD_OUT, NEAR_DUPLICATE, TRAINING } from "./fate.js";

export interface Deduplicated {
  /** Each document's fate. */
  readonly fates: Uint8Array;
  /** The first document of each one's cluster of near-duplicates. */
  readonly clusters: UnionFind;
}

export interface Deduplicating {
  readonly signal: AbortSignal;
  readonly onBand?: (done: number) => void;
  /** That a table may take. */
  readonly tableBytes?: number;
}

/**
 * Joins documents that are equal or agree in a band of their sketches into clusters, keeps the first of each, and puts every cluster as a whole on
 * one side of the split: that on which its first document is by its hash, as `isHeldOut` says.
 *
 * A band after another is read from the index, piece by piece, so that memory takes 5 bytes a document and a table of fixed size.
 *
 * @throws the reason of an aborted signal
 */
export const deduplicate = async (
  catalogue: Catalogue,
  { duplicates, held_out }: Pick<PackSettings, "duplicates" | "held_out">,
  { signal, onBand = () => {}, tableBytes }: Deduplicating,
): Promise<Deduplicated> => {
  const { count, bands } = catalogue;
  const fates = new Uint8Array(count);
  const clusters = unionFind(count);
  const onSame = (first: number, document: number): void => {
    clusters.join(first, document);
    if (duplicates.exact === "remove") fates[document] = EXACT_DUPLICATE;
  };
  const table = { signal, bytes: tableBytes };
  await eachEqual(catalogue, (piece) => exactColumns(catalogue, piece), onSame, table);
  for (let band = 0; band < bands; band++) {
    await eachEqual(catalogue, (piece) => bandColumns(catalogue, piece, band), clusters.join, table);
    onBand(band + 1);
  }
  // The first of a cluster comes before the others.
  for (let piece = 0; piece < catalogue.pieces; piece++) {
    await giveWay(signal);
    const view = Buffer.from(exactHashes(catalogue, piece).buffer);
    const from = catalogue.firsts[piece]!;
    for (let document = from; document < catalogue.firsts[piece + 1]!; document++) {
      if (fates[document] === EXACT_DUPLICATE) continue;
      const first = clusters.find(document);
      if (first === document)
        fates[document] =
          view.readUIntBE(EXACT_BYTES * (document - from), 6) < held_out * 2 ** 48 ? HELD_OUT : TRAINING;
      else fates[document] = duplicates.near === "remove" ? NEAR_DUPLICATE : fates[first]!;
    }
  }
  return { fates, clusters };
};
