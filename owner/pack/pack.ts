import { existsSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import { readBytesIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { MANIFEST_NAME } from "#shared/packs/pack-folder.js";
import type { PackManifest } from "#shared/protocol/pack-manifest.js";
import { plural } from "#shared/util/plural.js";
import { filtersOf } from "./filters/index.js";
import { openInputs, type PackInputs } from "./pack-inputs.js";
import type { PackOptions } from "./pack-options.js";
import type { Tally } from "./pieces/tally.js";
import type { PackReport } from "./report/report.js";
import { type Reported, reportOf } from "./report/report-of.js";
import { reportPage } from "./report/report-page.js";
import { reportText } from "./report/report-text.js";
import { type Catalogue, openCatalogue } from "./stages/catalogue.js";
import { type Deduplicated, deduplicate } from "./stages/deduplicate.js";
import { HELD_OUT, TRAINING } from "./stages/fate.js";
import { ingest } from "./stages/ingest.js";
import { manifestBytes, PACK_LIMITS } from "./stages/pack-limits.js";
import { planShards } from "./stages/plan-shards.js";
import { type RemoveOverlap, removeOverlap } from "./stages/remove-overlap.js";
import { storeShards } from "./stages/store-shards.js";
import { claimWork, clearWork, FETCHED } from "./work-folder.js";

export interface Packed {
  readonly manifest: PackManifest;
  readonly hash: string;
  readonly report: PackReport;
}

/**
 * Makes a pack in a folder: shards and manifest as blobs, the manifest also as a file, and a report. What an earlier call left in `<out>/work` is
 * gone on with; the result does not depend on interruptions, threads or the machine. Of a refused pack nothing stays but what was fetched.
 *
 * @throws BlockZeroError PACK_EXISTS, PACK_CHANGED, PACK_EMPTY, PACK_ROW, PACK_TEMPLATE, PACK_TOO_LARGE, PACK_UNPINNED, DATASET_…, HUB_…
 */
export const makePack = async (options: PackOptions): Promise<Packed> => {
  const { out } = options;
  const work = join(out, "work");
  const isNew = !existsSync(work);
  if (existsSync(join(out, MANIFEST_NAME)) && isNew)
    throw new BlockZeroError("PACK_EXISTS", `${out} has a pack already`, "choose another --out");
  // Of a refused pack its blobs are removed: they must be its own.
  if (existsSync(join(out, "blobs")) && isNew)
    throw new BlockZeroError("PACK_EXISTS", `${out} has blobs of something else`, "choose another --out");
  const begun = { isClaimed: false };
  try {
    return await packIn({ ...options, work, store: directoryStore(join(out, "blobs")) }, () => {
      begun.isClaimed = true;
    });
  } catch (thrown) {
    // Before it is claimed, what lies there may be of other sources or settings, which it can go on with.
    if (begun.isClaimed ? isFinal(thrown) : isNew) clearWork(out, work);
    throw thrown;
  }
};

/** Whether it takes other settings, with which the work could not go on. A file that is away now may be there at the next try. */
const isFinal = (thrown: unknown): boolean => hasCode(thrown, "PACK_EMPTY", "PACK_TOO_LARGE");

/** A pack that is being made. */
interface Packing extends PackOptions {
  /** The folder of its work. */
  readonly work: string;
  readonly store: LocalStore;
}

/** @param onClaimed called once the work is this call's own */
const packIn = async (packing: Packing, onClaimed: () => void): Promise<Packed> => {
  const { work, settings } = packing;
  ensureFolderSync(piecesIn(work));
  const inputs = await openInputs(packing, join(work, FETCHED));
  claimWork(work, inputs.identity);
  onClaimed();
  const sorted = await sortedDocuments(packing, inputs);
  const manifest = await encoded(packing, { ...sorted, tokenizer: inputs.tokenizer });
  return handOn(packing, { files: inputs.files, ...sorted, settings, manifest });
};

const piecesIn = (work: string): string => join(work, "pieces");

/** The documents of all sources, and what becomes of each. */
interface Sorted extends Deduplicated {
  readonly catalogue: Catalogue;
}

const sortedDocuments = async (packing: Packing, { files, extract, benchmarks }: PackInputs): Promise<Sorted> => {
  const { work, settings, isStrict, pieceBytes, signal, onProgress = () => {} } = packing;
  const folder = piecesIn(work);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let read = 0;
  const pieces = await ingest({
    folder,
    files,
    settings,
    extract,
    filters: filtersOf(settings),
    isStrict,
    pieceBytes,
    signal,
    onRead: (bytes) => {
      read += bytes;
      onProgress({ stage: "read", done: Math.min(read, total), total });
    },
  });
  const catalogue = openCatalogue(folder, pieces, settings.duplicates.bands);
  const { fates, clusters } = await deduplicate(catalogue, settings, {
    signal,
    onBand: (done) => onProgress({ stage: "duplicates", done, total: catalogue.bands }),
  });
  if (settings.overlap.use) await overlapped(packing, { catalogue, fates, benchmarks });
  return { catalogue, fates, clusters };
};

const overlapped = async (
  { work, settings, signal, onProgress = () => {} }: Packing,
  documents: Pick<RemoveOverlap, "catalogue" | "fates" | "benchmarks">,
): Promise<void> => {
  const { fates } = documents;
  const kept = join(work, "fates");
  const known = readBytesIfAny(kept);
  if (known?.length === fates.length) return fates.set(known);
  const onPiece = (done: number, total: number): void => onProgress({ stage: "overlap", done, total });
  await removeOverlap({ ...documents, settings, signal, onPiece });
  writeFileAtomic(kept, fates);
};

/** Plans the shards of both sides, and stores them. @returns the pack's manifest */
const encoded = async (
  { work, store, settings, tokenizer: path, threads, limits, signal, onProgress = () => {} }: Packing,
  { catalogue, fates, tokenizer }: Sorted & Pick<PackInputs, "tokenizer">,
): Promise<PackManifest> => {
  const sides = {
    training: await planShards(catalogue, fates, TRAINING, settings, { signal }),
    held_out: await planShards(catalogue, fates, HELD_OUT, settings, { signal }),
  };
  const shards = await storeShards({
    catalogue,
    fates,
    sides,
    store,
    work,
    tokenizer: path,
    threads,
    limits: { ...PACK_LIMITS, ...limits },
    signal,
    onShard: (done, total) => onProgress({ stage: "encode", done, total }),
  });
  return {
    version: 1,
    kind: "pack",
    tokenizer: { name: tokenizer.name, size: tokenizer.size },
    ...(settings.messages && { separators: "written" as const }),
    ...shards,
  };
};

/**
 * Writes manifest and report, and removes the work: a finished pack is handed on, and nothing of how it was made stays.
 *
 * @throws BlockZeroError PACK_EMPTY
 */
const handOn = async ({ out, work, store }: Packing, made: Omit<Reported, "hash">): Promise<Packed> => {
  const { manifest } = made;
  if (manifest.training.length + manifest.held_out.length === 0)
    throw emptyPack(out, reportOf({ ...made, hash: "" }).tally);
  const bytes = manifestBytes(manifest);
  const hash = await store.put(bytes);
  const report = reportOf({ ...made, hash });
  writeFileAtomic(join(out, "report.txt"), reportText(report), 0o644);
  writeFileAtomic(join(out, "report.html"), reportPage(report), 0o644);
  writeFileAtomic(join(out, MANIFEST_NAME), bytes, 0o644);
  rmSync(work, { recursive: true });
  removeIfEmpty(join(out, "blobs", "incoming"));
  return { manifest, hash, report };
};

const removeIfEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch {
    // It is in nobody's way.
  }
};

const emptyPack = (out: string, { rows, left }: Tally): BlockZeroError => {
  const reasons = Object.entries(left)
    .flatMap(([stage, why]) =>
      Object.entries(why).map(([reason, found]) => ({ what: `${stage}: ${reason}`, ...found })),
    )
    .sort((a, b) => b.rows - a.rows)
    .slice(0, REASONS)
    .map(({ what, rows: count }) => `${count} left out by ${what}`);
  return new BlockZeroError(
    "PACK_EMPTY",
    `no document is left for the pack in ${out}: of ${plural(rows, "row")} ${reasons.join(", ") || "none has a token"}`,
    "name the right --field, or loosen the filters",
  );
};

/** Reasons that a message names: the commonest. */
const REASONS = 3;
