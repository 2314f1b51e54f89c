import { byteBudgetLru } from "#shared/util/byte-budget-lru.js";
import type { DocumentSource } from "./source.js";
import { type Side, sideOf } from "./split.js";
import type { Tokenizer } from "./tokenizer.js";

/** A document as tokens. */
export interface TokenDocument {
  readonly ids: Uint32Array;
  /** For each token, 1 where a model's prediction of it counts, else 0; left out where all do. Of a chat the assistant's tokens alone count. */
  readonly counts?: Uint8Array;
  /** Whether what begins and ends it is among its tokens, as in a chat: a loader puts nothing around it. Left out: it does. */
  readonly isWhole?: boolean;
}

/** Where a document stands. */
export interface DocumentPlace {
  readonly side: Side;
  /** UTF-8 bytes of its text: documents of a bounded source are drawn in proportion to it. */
  readonly bytes: number;
}

/** A collection of tokenised documents that can be read in any order. */
export interface TokenSource {
  /** The name in a network file's `data`. */
  readonly kind: string;
  /** Number of documents; `"unbounded"` where every index from 0 to 2^32 − 1 has one. */
  readonly size: number | "unbounded";
  /** The document at an index: always the same tokens for the same index. */
  tokens(index: number): TokenDocument;
  /**
   * The side of the split on which a document is, and its length; null for one that is never drawn.
   *
   * @param heldOut share of the documents that training never sees, 0–1; a source whose documents were divided before takes no notice of it
   */
  place(index: number, heldOut: number): DocumentPlace | null;
}

/** What tokenised documents of a process take in memory at most, bytes. */
const KEPT_BYTES = 64 << 20;

// Tokenising costs more than training on the tokens does: documents that were drawn lately are kept.
const recent = byteBudgetLru<TokenDocument>(({ ids }) => ids.byteLength, KEPT_BYTES);
const known = new WeakMap<DocumentSource, Map<Tokenizer, TokenSource>>();
let sources = 0;

/** The documents of a source, tokenised when they are asked for; the same object for the same source and tokenizer. */
export const tokenised = (source: DocumentSource, tokenizer: Tokenizer): TokenSource => {
  const ofSource = known.get(source) ?? new Map<Tokenizer, TokenSource>();
  known.set(source, ofSource);
  const found = ofSource.get(tokenizer) ?? tokenisedAnew(source, tokenizer);
  ofSource.set(tokenizer, found);
  return found;
};

const tokenisedAnew = (source: DocumentSource, tokenizer: Tokenizer): TokenSource => {
  const { kind, size } = source;
  const number = sources++;
  const tokens = (index: number): TokenDocument => ({ ids: tokenizer.encode(source.document(index)) });
  return {
    kind,
    size,
    // An unbounded source hardly ever draws a document again.
    tokens: size === "unbounded" ? tokens : (index) => recent(`${number} ${index}`, () => tokens(index)),
    place(index, heldOut) {
      const text = source.document(index);
      return text === "" ? null : { side: sideOf(text, heldOut), bytes: Buffer.byteLength(text) };
    },
  };
};
