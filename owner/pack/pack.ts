import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { networkDifferences } from "#shared/config/load-network.js";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import { readBytesIfAny, readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { hashOfSource, withSource } from "#shared/files/byte-source.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import type { Environment } from "#shared/hub/hub.js";
import { HUB_SCHEME } from "#shared/hub/hub-address.js";
import { MANIFEST_NAME } from "#shared/packs/pack-folder.js";
import type { PackManifest } from "#shared/protocol/pack-manifest.js";
import { plural } from "#shared/util/plural.js";
import { chatRenderer, readChatFormat } from "./chat.js";
import { extractor } from "./extract.js";
import { filtersOf } from "./filters/index.js";
import type { Tally } from "./pieces/tally.js";
import type { PackReport } from "./report/report.js";
import { reportOf } from "./report/report-of.js";
import { reportPage } from "./report/report-page.js";
import { reportText } from "./report/report-text.js";
import type { PackSettings } from "./settings.js";
import { findHubFiles } from "./sources/hub-files.js";
import { localFile, localFiles } from "./sources/local-files.js";
import type { SourceFile } from "./sources/source-file.js";
import { openCatalogue } from "./stages/catalogue.js";
import { deduplicate } from "./stages/deduplicate.js";
import { HELD_OUT, TRAINING } from "./stages/fate.js";
import { ingest } from "./stages/ingest.js";
import { manifestBytes, PACK_LIMITS, type PackLimits } from "./stages/pack-limits.js";
import { planShards } from "./stages/plan-shards.js";
import { type Benchmark, type RemoveOverlap, removeOverlap } from "./stages/remove-overlap.js";
import { storeShards } from "./stages/store-shards.js";
import { openPackTokenizer } from "./tokenizer.js";

export interface PackOptions {
  /** Files, folders, and data sets of the Hub at a commit. */
  readonly sources: readonly string[];
  readonly out: string;
  readonly settings: PackSettings;
  /** `byte`, or a `tokenizer.json`. */
  readonly tokenizer: string;
  /** The `tokenizer_config.json` whose chat template writes conversations out. */
  readonly chat?: string | undefined;
  /** Files of text that must not be trained on. */
  readonly benchmarks: readonly string[];
  readonly isStrict: boolean;
  readonly threads: number;
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: PackProgress) => void;
  /** Text of a piece, bytes. */
  readonly pieceBytes?: number | undefined;
  /** What a manifest has room for; as the format says if not given. */
  readonly limits?: Partial<PackLimits> | undefined;
}

export type PackStage = "fetch" | "read" | "duplicates" | "overlap" | "encode";

/** How far a stage is, in a unit of its own. */
export interface PackProgress {
  readonly stage: PackStage;
  readonly done: number;
  readonly total: number;
}

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
    return await packIn(work, options, () => {
      begun.isClaimed = true;
    });
  } catch (thrown) {
    // Before it is claimed, what lies there may be of other sources or settings, which it can go on with.
    if (begun.isClaimed ? isFinal(thrown) : isNew) clear(out, work);
    throw thrown;
  }
};

/** Whether it takes other settings, with which the work could not go on. A file that is away now may be there at the next try. */
const isFinal = (thrown: unknown): boolean => hasCode(thrown, "PACK_EMPTY", "PACK_TOO_LARGE");

/** Removes what a refused pack left, but for what was fetched, which serves whatever the settings. */
const clear = (out: string, work: string): void => {
  try {
    if (!existsSync(join(out, MANIFEST_NAME))) rmSync(join(out, "blobs"), { recursive: true, force: true });
    const names = existsSync(work) ? readdirSync(work) : [];
    for (const name of names) if (name !== FETCHED) rmSync(join(work, name), { recursive: true, force: true });
    if (existsSync(work) && !names.includes(FETCHED)) rmdirSync(work);
  } catch {
    // The refusal is what matters; the next call says what is in its way.
  }
};

/** Raised where the same settings and rows give other documents than before: work of the rules before cannot be gone on with. */
const RULES = 2;

/** A finished pack is handed on: nothing of how it was made stays. */
const removeIfEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch {
    // It is in nobody's way.
  }
};

/** Folder of the work that has what came from the Hub. */
const FETCHED = "hub";

/** @param onClaimed called once the work is this call's own */
const packIn = async (work: string, options: PackOptions, onClaimed: () => void): Promise<Packed> => {
  const { out, settings, signal, threads, onProgress = () => {} } = options;
  const folder = join(work, "pieces");
  ensureFolderSync(folder);
  const tokenizer = openPackTokenizer(options.tokenizer);
  const format = options.chat === undefined ? undefined : readChatFormat(options.chat);
  const extract = extractor(settings, format && chatRenderer(format, undefined, settings.date));
  const benchmarks: Benchmark[] = [];
  for (const name of options.benchmarks) {
    const { path } = localFile(name);
    benchmarks.push({ path, hash: await withSource(await openRegularFile(path), hashOfSource) });
  }
  const files = await sourceFiles(options, join(work, FETCHED), onProgress);
  claim(work, {
    rules: RULES,
    settings,
    tokenizer: tokenizer.name,
    chat: format ?? null,
    sources: files.map(({ name, version }) => ({ name, version })),
    benchmarks: benchmarks.map(({ hash }) => hash),
    pieceBytes: options.pieceBytes ?? null,
  });
  onClaimed();
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let read = 0;
  const pieces = await ingest({
    folder,
    files,
    settings,
    extract,
    filters: filtersOf(settings),
    isStrict: options.isStrict,
    pieceBytes: options.pieceBytes,
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
  if (settings.overlap.use) await overlapped(options, { catalogue, fates, benchmarks, kept: join(work, "fates") });
  const sides = {
    training: await planShards(catalogue, fates, TRAINING, settings, { signal }),
    held_out: await planShards(catalogue, fates, HELD_OUT, settings, { signal }),
  };
  const store = directoryStore(join(out, "blobs"));
  const shards = await storeShards({
    catalogue,
    fates,
    sides,
    store,
    work,
    tokenizer: options.tokenizer,
    threads,
    limits: { ...PACK_LIMITS, ...options.limits },
    signal,
    onShard: (done, all) => onProgress({ stage: "encode", done, total: all }),
  });
  const manifest = {
    version: 1 as const,
    kind: "pack" as const,
    tokenizer: { name: tokenizer.name, size: tokenizer.size },
    ...(settings.messages && { separators: "written" as const }),
    ...shards,
  };
  const reported = { files, catalogue, fates, clusters, settings, manifest };
  if (manifest.training.length + manifest.held_out.length === 0)
    throw emptyPack(out, reportOf({ ...reported, hash: "" }).tally);
  const bytes = manifestBytes(manifest);
  const hash = await store.put(bytes);
  const report = reportOf({ ...reported, hash });
  writeFileAtomic(join(out, "report.txt"), reportText(report), 0o644);
  writeFileAtomic(join(out, "report.html"), reportPage(report), 0o644);
  writeFileAtomic(join(out, MANIFEST_NAME), bytes, 0o644);
  rmSync(work, { recursive: true });
  removeIfEmpty(join(out, "blobs", "incoming"));
  return { manifest, hash, report };
};

/** All are looked for before the first is fetched, which may take hours. */
const sourceFiles = async (
  { sources, env }: PackOptions,
  work: string,
  onProgress: (progress: PackProgress) => void,
): Promise<readonly SourceFile[]> => {
  const found: (() => Promise<readonly SourceFile[]>)[] = [];
  for (const source of sources)
    if (source.startsWith(HUB_SCHEME)) found.push(await findHubFiles(source, { work, env }));
    else {
      localFiles(source);
      found.push(async () => localFiles(source));
    }
  const files: SourceFile[] = [];
  for (const [i, had] of found.entries()) {
    if (sources[i]!.startsWith(HUB_SCHEME)) onProgress({ stage: "fetch", done: i, total: sources.length });
    files.push(...(await had()));
  }
  return files;
};

/** Writes down what the work in a folder is, or checks that it is the same. */
const claim = (work: string, identity: object): void => {
  const path = join(work, "work.json");
  const text = JSON.stringify(identity);
  const known = readFileIfAny(path);
  if (known === null) writeFileAtomic(path, text);
  else if (hasOtherRules(known))
    throw new BlockZeroError(
      "PACK_CHANGED",
      `the work in ${work} was begun by another version of BlockZero, which makes other documents`,
      `${BEGIN_ANEW}, and give the same again`,
    );
  else if (known !== text)
    throw new BlockZeroError(
      "PACK_CHANGED",
      `the work in ${work} was begun with other sources or settings: ${changesOf(known, text)}`,
      `give the same again to go on; to begin anew ${BEGIN_ANEW}`,
    );
};

const BEGIN_ANEW = `remove the \`blobs\` beside that folder and all in it but \`${FETCHED}\`, which was fetched`;

const hasOtherRules = (former: string): boolean => {
  try {
    return JSON.parse(former).rules !== RULES;
  } catch {
    return false;
  }
};

/** What differs, of texts of JSON; the former one may be of another version. */
const changesOf = (former: string, now: string): string => {
  try {
    return networkDifferences(JSON.parse(former), JSON.parse(now))
      .slice(0, REASONS)
      .map(({ field, left, right }) => `${field.replace(/^settings\./, "")} was ${told(left)} and is ${told(right)}`)
      .join(", ");
  } catch {
    return "its work.json cannot be read";
  }
};

const told = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "not there";
  return text.length > TOLD_CHARS ? `${text.slice(0, TOLD_CHARS - 1)}…` : text;
};

const TOLD_CHARS = 80;

const overlapped = async (
  { settings, signal, onProgress = () => {} }: PackOptions,
  { kept, ...work }: Pick<RemoveOverlap, "catalogue" | "fates" | "benchmarks"> & { readonly kept: string },
): Promise<void> => {
  const known = readBytesIfAny(kept);
  if (known?.length === work.fates.length) return work.fates.set(known);
  const onPiece = (done: number, total: number): void => onProgress({ stage: "overlap", done, total });
  await removeOverlap({ ...work, settings, signal, onPiece });
  writeFileAtomic(kept, work.fates);
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

/** Reasons, or changes, that a message names: the commonest, the first. */
const REASONS = 3;
