import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Side } from "#shared/data/split.js";
import type { TokenSource } from "#shared/data/token-source.js";
import type { Tokenizer } from "#shared/data/tokenizer.js";
import { type GramSet, gramSet } from "./duplicates/gram-set.js";
import { randomTableKey } from "./duplicates/keyed-hash.js";
import { extractor } from "./extract.js";
import { filtersOf } from "./filters/index.js";
import { giveWay } from "./give-way.js";
import { documentsOf, readSeal } from "./pieces/piece-reader.js";
import { addTally, createTally, type Tally } from "./pieces/tally.js";
import type { PackSettings } from "./settings.js";
import { localFiles } from "./sources/local-files.js";
import { openCatalogue } from "./stages/catalogue.js";
import { deduplicate } from "./stages/deduplicate.js";
import { EXACT_DUPLICATE, NEAR_DUPLICATE, TRAINING } from "./stages/fate.js";
import { ingest } from "./stages/ingest.js";
import { eachGram } from "./text/grams.js";
import { createWords, findWords } from "./text/words.js";

export interface CheckOptions {
  readonly path: string;
  readonly settings: PackSettings;
  readonly tokenizer: Tokenizer;
  /** What a group learns from and is judged on. */
  readonly group: readonly TokenSource[];
  /** Share of documents that training never sees, where a source was not divided before. */
  readonly heldOut: number;
  readonly signal: AbortSignal;
}

/** What a miner wants to know of its own text. */
export interface DataCheck {
  /** Rows, and what the filters would leave out. */
  readonly tally: Tally;
  readonly exactDuplicates: number;
  readonly nearDuplicates: number;
  /** What remains: documents, their tokens and bytes of text. */
  readonly documents: number;
  readonly tokens: number;
  readonly bytes: number;
  /** Of those, documents that have as many words in a row in common with a part of the group's text. */
  readonly overlap: Readonly<Record<Side, number>>;
}

/** Documents of an endless source that stand for all of them. */
const SAMPLE = 256;
/** Grams of the group's text that are looked for at most. */
const MOST_GRAMS = (1 << 25) - 1;

/**
 * Looks at a file as a pack would be made of it, and at what of it the group has already.
 *
 * @throws BlockZeroError DATASET_…, and what a source throws
 */
export const checkData = async ({
  path,
  settings,
  tokenizer,
  group,
  heldOut,
  signal,
}: CheckOptions): Promise<DataCheck> => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-check-"));
  try {
    const pieces = await ingest({
      folder,
      files: localFiles(path),
      settings,
      extract: extractor(settings),
      filters: filtersOf(settings),
      isStrict: false,
      signal,
      onRead: () => {},
    });
    const tally = createTally();
    for (let piece = 0; piece < pieces; piece++) addTally(tally, readSeal(folder, piece)!.tally);
    const catalogue = openCatalogue(folder, pieces, settings.duplicates.bands);
    const { fates } = await deduplicate(catalogue, { ...settings, held_out: 0 }, { signal });
    const { words: n } = settings.overlap;
    const known = {
      training: await gramsOf(group, "training", { tokenizer, heldOut, n, signal }),
      "held-out": await gramsOf(group, "held-out", { tokenizer, heldOut, n, signal }),
    };
    const words = createWords();
    const overlap = { training: 0, "held-out": 0 };
    let tokens = 0;
    let bytes = 0;
    let document = 0;
    for (let piece = 0; piece < pieces; piece++)
      for (const { text } of documentsOf(folder, piece)) {
        await giveWay(signal);
        if (fates[document++] !== TRAINING) continue;
        tokens += tokenizer.encode(text).length;
        bytes += Buffer.byteLength(text);
        findWords(text, words);
        const found = { training: false, "held-out": false };
        if (words.count >= n)
          eachGram(words, n, (high, low) => {
            found.training ||= known.training.has(high, low);
            found["held-out"] ||= known["held-out"].has(high, low);
          });
        if (found.training) overlap.training++;
        if (found["held-out"]) overlap["held-out"]++;
      }
    const count = (fate: number): number => fates.reduce((sum, found) => sum + (found === fate ? 1 : 0), 0);
    return {
      tally,
      exactDuplicates: count(EXACT_DUPLICATE),
      nearDuplicates: count(NEAR_DUPLICATE),
      documents: count(TRAINING),
      tokens,
      bytes,
      overlap,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

interface GramsOf extends Pick<CheckOptions, "tokenizer" | "heldOut" | "signal"> {
  readonly n: number;
}

/** The n-grams of one side of the group's text. */
const gramsOf = async (sources: readonly TokenSource[], side: Side, options: GramsOf): Promise<GramSet> => {
  const words = createWords();
  let total = 0;
  for await (const text of textsOn(sources, side, options))
    total += Math.max(0, findWords(text, words).count - options.n + 1);
  const set = gramSet(Math.min(total, MOST_GRAMS), randomTableKey());
  let added = 0;
  for await (const text of textsOn(sources, side, options))
    if (findWords(text, words).count >= options.n)
      eachGram(words, options.n, (high, low) => {
        if (added++ < MOST_GRAMS) set.add(high, low);
      });
  return set;
};

async function* textsOn(
  sources: readonly TokenSource[],
  side: Side,
  { tokenizer, heldOut, signal }: GramsOf,
): AsyncGenerator<string> {
  for (const source of sources) {
    const size = source.size === "unbounded" ? SAMPLE : source.size;
    for (let index = 0; index < size; index++) {
      await giveWay(signal);
      if (source.place(index, heldOut)?.side === side) yield tokenizer.decode(source.tokens(index).ids);
    }
  }
}
