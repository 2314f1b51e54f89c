import { readRows } from "#shared/documents/read-rows.js";
import { hashBytes } from "#shared/protocol/hash.js";
import { gramSet } from "../duplicates/gram-set.js";
import { keyedHash, tableKeyOf } from "../duplicates/keyed-hash.js";
import { giveWay } from "../give-way.js";
import { documentsOf } from "../pieces/piece-reader.js";
import type { PackSettings } from "../settings.js";
import { eachGram } from "../text/grams.js";
import { createWords, findWords, type Words } from "../text/words.js";
import { type Catalogue, exactHashes } from "./catalogue.js";
import { HELD_OUT, OVERLAP, TRAINING } from "./fate.js";

/** A file of text that must not be trained on, whatever its fields, and the SHA-256 of its bytes. */
export interface Benchmark {
  readonly path: string;
  readonly hash: string;
}

/** Grams in memory at once, in a table of 256 MiB: more take another pass over the training text. */
const GRAMS = (1 << 25) - 1;

export interface RemoveOverlap {
  readonly catalogue: Catalogue;
  readonly settings: PackSettings;
  /** Each document's fate, which changes where training text overlaps. */
  readonly fates: Uint8Array;
  readonly benchmarks: readonly Benchmark[];
  readonly signal: AbortSignal;
  readonly onPiece?: (done: number, all: number) => void;
  /** Grams in memory at once. */
  readonly grams?: number;
}

/**
 * Takes out of the training part every document that has `words` words in a row in common with the held-out part, or with a benchmark (Brown et al.,
 * arXiv 2005.14165, appendix C: 13-grams). A held-out text of fewer words is not looked for.
 */
export const removeOverlap = async (options: RemoveOverlap): Promise<void> => {
  const { catalogue, settings, fates, signal, onPiece = () => {}, grams = GRAMS } = options;
  const { words: n } = settings.overlap;
  const words = createWords();
  let total = 0;
  await eachProtected(options, words, () => {
    total += Math.max(0, words.count - n + 1);
  });
  if (total === 0) return;
  // Its mistakes depend on it, and the pack's bytes on them.
  const key = tableKeyOf(inputsOf(options));
  const hash = keyedHash(key);
  const passes = Math.ceil(total / grams);
  for (let pass = 0; pass < passes; pass++) {
    const isDue = (high: number, low: number): boolean => passes === 1 || hash(high, low) % passes === pass;
    const known = gramSet(Math.min(grams, total), key);
    await eachProtected(options, words, () => {
      if (words.count >= n)
        eachGram(words, n, (high, low) => {
          if (isDue(high, low)) known.add(high, low);
        });
    });
    for (let piece = 0; piece < catalogue.pieces; piece++) {
      await giveWay(signal);
      let document = catalogue.firsts[piece]!;
      for (const { text } of documentsOf(catalogue.folder, piece)) {
        if (fates[document] === TRAINING && findWords(text, words).count >= n) {
          let overlaps = false;
          eachGram(words, n, (high, low) => {
            if (!overlaps && isDue(high, low) && known.has(high, low)) overlaps = true;
          });
          if (overlaps) fates[document] = OVERLAP;
        }
        document++;
      }
      onPiece(pass * catalogue.pieces + piece + 1, passes * catalogue.pieces);
    }
  }
};

/** All that the texts are: who changes a word changes it. */
function* inputsOf({ catalogue, benchmarks }: RemoveOverlap): Generator<Uint8Array> {
  for (let piece = 0; piece < catalogue.pieces; piece++) yield exactHashes(catalogue, piece);
  for (const { hash } of benchmarks) yield hashBytes(hash);
}

/** Finds the words of every text that training must not have. */
const eachProtected = async (
  { catalogue, fates, benchmarks, signal }: RemoveOverlap,
  words: Words,
  use: () => void,
): Promise<void> => {
  for (let piece = 0; piece < catalogue.pieces; piece++) {
    await giveWay(signal);
    let document = catalogue.firsts[piece]!;
    if (!fates.subarray(document, catalogue.firsts[piece + 1]).includes(HELD_OUT)) continue;
    for (const { text } of documentsOf(catalogue.folder, piece)) {
      if (fates[document++] !== HELD_OUT) continue;
      findWords(text, words);
      use();
    }
  }
  for (const { path } of benchmarks)
    for await (const rows of readRows({ path, fields: [], textIs: "lines", signal })) {
      signal.throwIfAborted();
      for (const row of rows)
        if (row.ok)
          for (const text of textsIn(row.value)) {
            findWords(text, words);
            use();
          }
    }
};

/** All strings of a value, however deep. */
function* textsIn(value: unknown): Generator<string> {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "string") yield next;
    else if (typeof next === "object" && next !== null) for (const part of Object.values(next)) open.push(part);
  }
}
