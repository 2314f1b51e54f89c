import type { Tokenizer } from "#shared/data/tokenizer.js";
import type { Row } from "#shared/documents/row.js";
import { hashOfSource, withSource } from "#shared/files/byte-source.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import { HUB_SCHEME } from "#shared/hub/hub-address.js";
import { chatRenderer, readChatFormat } from "./chat.js";
import { type Extracted, extractor } from "./extract.js";
import type { PackOptions, PackProgress } from "./pack-options.js";
import { findHubFiles } from "./sources/hub-files.js";
import { localFile, localFiles } from "./sources/local-files.js";
import type { SourceFile } from "./sources/source-file.js";
import type { Benchmark } from "./stages/remove-overlap.js";
import { openPackTokenizer } from "./tokenizer.js";

/** What a pack is made from, opened. */
export interface PackInputs {
  readonly files: readonly SourceFile[];
  readonly extract: (row: Row) => Extracted;
  readonly tokenizer: Tokenizer;
  readonly benchmarks: readonly Benchmark[];
  /** What tells these sources and settings from others. */
  readonly identity: object;
}

/**
 * Opens what a pack is made from, and fetches what of it is on the Hub.
 *
 * @param fetched folder of what comes from the Hub
 */
export const openInputs = async (options: PackOptions, fetched: string): Promise<PackInputs> => {
  const { settings, onProgress = () => {} } = options;
  const tokenizer = openPackTokenizer(options.tokenizer);
  const format = options.chat === undefined ? undefined : readChatFormat(options.chat);
  const extract = extractor(settings, format && chatRenderer(format, undefined, settings.date));
  const benchmarks = await openBenchmarks(options.benchmarks);
  const files = await sourceFiles(options, fetched, onProgress);
  const identity = {
    settings,
    tokenizer: tokenizer.name,
    chat: format ?? null,
    sources: files.map(({ name, version }) => ({ name, version })),
    benchmarks: benchmarks.map(({ hash }) => hash),
    pieceBytes: options.pieceBytes ?? null,
  };
  return { files, extract, tokenizer, benchmarks, identity };
};

const openBenchmarks = async (names: readonly string[]): Promise<readonly Benchmark[]> => {
  const benchmarks: Benchmark[] = [];
  for (const name of names) {
    const { path } = localFile(name);
    benchmarks.push({ path, hash: await withSource(await openRegularFile(path), hashOfSource) });
  }
  return benchmarks;
};

/** All are looked for before the first is fetched, which may take hours. */
const sourceFiles = async (
  { sources, env, signal }: PackOptions,
  work: string,
  onProgress: (progress: PackProgress) => void,
): Promise<readonly SourceFile[]> => {
  const found: (() => Promise<readonly SourceFile[]>)[] = [];
  for (const source of sources)
    if (source.startsWith(HUB_SCHEME)) found.push(await findHubFiles(source, { work, env, signal }));
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
