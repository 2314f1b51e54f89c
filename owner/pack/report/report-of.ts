import type { PackManifest, ShardRef } from "#shared/protocol/pack-manifest.js";
import { chanceToFind } from "../duplicates/minhash.js";
import type { UnionFind } from "../duplicates/union-find.js";
import { openPieces, type PieceFiles, readIndex, readSeal } from "../pieces/piece-reader.js";
import { EXACT_BYTES } from "../pieces/piece-writer.js";
import { addTally, createTally, leave, type Tally } from "../pieces/tally.js";
import type { PackSettings } from "../settings.js";
import type { SourceFile } from "../sources/source-file.js";
import { type Catalogue, pieceOf } from "../stages/catalogue.js";
import { EXACT_DUPLICATE, NEAR_DUPLICATE, OVERLAP } from "../stages/fate.js";
import type { PackReport, SideFigures, StageFigures } from "./report.js";

export interface Reported {
  readonly files: readonly SourceFile[];
  readonly catalogue: Catalogue;
  readonly fates: Uint8Array;
  readonly clusters: UnionFind;
  readonly settings: PackSettings;
  readonly manifest: PackManifest;
  readonly hash: string;
}

const STAGES = [
  "rows",
  "length",
  "symbols",
  "repetition",
  "language",
  "exact duplicates",
  "near duplicates",
  "overlap",
];
const SIMILARITIES = [0.5, 0.6, 0.7, 0.8, 0.9];
/** Documents whose text is read for a sample, of each fate. */
const SAMPLED = 5;

/** The report of finished work, from what it left in its folder. */
export const reportOf = ({ files, catalogue, fates, clusters, settings, manifest, hash }: Reported): PackReport => {
  const tally = createTally();
  for (let piece = 0; piece < catalogue.pieces; piece++) addTally(tally, readSeal(catalogue.folder, piece)!.tally);
  const pieces = openPieces(catalogue.folder);
  try {
    const context = { catalogue, fates, pieces, files, tally };
    const { words, bands, rows } = settings.duplicates;
    const firstOf = (document: number) => clusters.find(document);
    tallyFate(context, EXACT_DUPLICATE, "exact duplicates", "the same text", () => null);
    tallyFate(context, NEAR_DUPLICATE, "near duplicates", `much the same ${words} words in a row`, firstOf);
    const what = `${settings.overlap.words} words in a row of held-out text or a benchmark`;
    tallyFate(context, OVERLAP, "overlap", what, () => null);
    return {
      hash,
      tokenizer: manifest.tokenizer.name,
      sources: files.map(({ name, bytes }) => ({ name, bytes })),
      tally,
      stages: stagesOf(tally),
      sides: { training: sideOf(manifest.training), "held-out": sideOf(manifest.held_out) },
      near: {
        words,
        bands,
        rows,
        chances: SIMILARITIES.map((similarity) => ({
          similarity,
          chance: chanceToFind(similarity, settings.duplicates),
        })),
        ...clusterFigures(clusters, catalogue.count),
      },
    };
  } finally {
    pieces.close();
  }
};

const stagesOf = (tally: Tally): readonly StageFigures[] => {
  let { rows } = tally;
  return STAGES.map((stage) => {
    const left = Object.values(tally.left[stage] ?? {}).reduce((sum, reason) => sum + reason.rows, 0);
    rows -= left;
    return { stage, left, rows };
  });
};

const sideOf = (shards: readonly ShardRef[]): SideFigures => {
  const sum = (figure: (shard: ShardRef) => number) => shards.reduce((total, shard) => total + figure(shard), 0);
  return {
    shards: shards.length,
    documents: sum(({ documents }) => documents),
    tokens: sum(({ tokens }) => tokens),
    textBytes: sum(({ text_bytes }) => text_bytes),
    bytes: sum(({ bytes }) => bytes),
  };
};

const clusterFigures = (clusters: UnionFind, count: number) => {
  const sizes = new Uint32Array(count);
  for (let document = 0; document < count; document++) sizes[clusters.find(document)]!++;
  let number = 0;
  let largest = 0;
  for (const size of sizes) {
    if (size > 1) number++;
    largest = Math.max(largest, size);
  }
  return { clusters: number, largest };
};

interface Context {
  readonly catalogue: Catalogue;
  readonly fates: Uint8Array;
  readonly pieces: PieceFiles;
  readonly files: readonly SourceFile[];
  readonly tally: Tally;
}

/** Counts the documents of one fate; a few are read as samples, spread by their hashes. */
const tallyFate = (
  { catalogue, fates, pieces, files, tally }: Context,
  fate: number,
  stage: string,
  reason: string,
  besideOf: (document: number) => number | null,
): void => {
  let rows = 0;
  let size = 0;
  let chosen: { readonly document: number; readonly file: number; readonly row: number; readonly order: number }[] = [];
  for (let piece = 0; piece < catalogue.pieces; piece++) {
    const from = catalogue.firsts[piece]!;
    if (!fates.subarray(from, catalogue.firsts[piece + 1]).includes(fate)) continue;
    const index = readIndex(catalogue.folder, piece, catalogue.bands);
    const hashes = Buffer.from(index.exact.buffer);
    for (let at = 0; at < index.count; at++) {
      if (fates[from + at] !== fate) continue;
      rows++;
      size += index.bytes[at]!;
      const order = hashes.readUInt32LE(EXACT_BYTES * at);
      if (chosen.length === SAMPLED && order >= chosen[SAMPLED - 1]!.order) continue;
      const found = { document: from + at, file: index.files[at]!, row: index.rows[at]!, order };
      chosen = [...chosen, found].sort((a, b) => a.order - b.order).slice(0, SAMPLED);
    }
  }
  if (rows === 0) return;
  const textOf = (document: number): string =>
    pieces.document(pieceOf(catalogue, document), catalogue.offsets[document]!, catalogue.bytes[document]!).text;
  for (const { document, file, row, order } of chosen) {
    const other = besideOf(document);
    const sample = {
      source: files[file]!.name,
      row,
      text: textOf(document),
      order,
      ...(other !== null && { beside: textOf(other) }),
    };
    leave(tally, { stage, reason, bytes: 0, sample });
  }
  const found = tally.left[stage]![reason]!;
  found.rows = rows;
  found.bytes = size;
};
