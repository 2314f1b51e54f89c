import type { Tokenizer } from "#shared/data/tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type Interval, ratioDifference, ratioInterval, type Share } from "./intervals.js";
import type { ScoreRequest, Scorer } from "./scorer.js";
import { rollingWindows } from "./windows.js";

/** The text of one document as a model found it. */
export interface MeasuredText {
  readonly nats: number;
  readonly tokens: number;
  /** Of UTF-8. */
  readonly bytes: number;
}

export interface PerplexityOptions {
  readonly tokenizer: Tokenizer;
  /** Tokens that a window predicts at most; unset: the scorer's window. */
  readonly stride?: number;
  /** Told how far the windows have come, as a number of them. */
  readonly onProgress?: (done: number, all: number) => void;
}

/** With fewer documents, windows are what an interval resamples. */
const FEW_DOCUMENTS = 20;

/** A text measured: of each document, and of each window in the documents' order. */
export interface Measured {
  readonly documents: readonly MeasuredText[];
  readonly windows: readonly MeasuredText[];
}

/**
 * The likelihood of documents by rolling windows. The token before the first is the tokenizer's start of a document, or the end of one where it
 * has none, unlike lm-eval, which takes `bos_token` also where
 * nothing puts it before a text.
 *
 * @throws BlockZeroError TEXT_EMPTY
 */
export const measureTexts = async (
  scorer: Scorer,
  texts: readonly string[],
  { tokenizer, stride = scorer.window, onProgress }: PerplexityOptions,
): Promise<Measured> => {
  const prefix = tokenizer.startOfDocument ?? tokenizer.endOfDocument;
  const requests: ScoreRequest[] = [];
  const owners: number[] = [];
  for (const [document, text] of texts.entries())
    for (const request of rollingWindows(tokenizer.encode(text), { window: scorer.window, stride, prefix })) {
      requests.push(request);
      owners.push(document);
    }
  if (requests.length === 0)
    throw new BlockZeroError("TEXT_EMPTY", "there is no text to measure", "name a file that holds some");
  const nats = await scorer.nats(requests, (share) =>
    onProgress?.(Math.floor(share * requests.length), requests.length),
  );
  const windows = requests.map(({ ids, from }, i) => ({
    nats: nats[i]!,
    tokens: ids.length - from,
    bytes: tokenizer.bytesOf(ids.subarray(from)),
  }));
  const documents = texts.map(() => ({ nats: 0, tokens: 0, bytes: 0 }));
  for (const [i, { nats, tokens, bytes }] of windows.entries()) {
    const own = documents[owners[i]!]!;
    own.nats += nats;
    own.tokens += tokens;
    own.bytes += bytes;
  }
  return { documents: documents.filter(({ tokens }) => tokens > 0), windows };
};

export interface Perplexity {
  readonly documents: number;
  readonly tokens: number;
  readonly bytes: number;
  /** exp of the mean nats a token: comparable between models of one tokenizer. */
  readonly perplexity: Interval;
  /** Comparable between all. */
  readonly bitsPerByte: Interval;
  /** What the intervals resample. */
  readonly resampled: "documents" | "windows";
}

export const perplexityOf = (measured: Measured): Perplexity => {
  const { documents } = measured;
  const sum = (of: (text: MeasuredText) => number) => documents.reduce((total, text) => total + of(text), 0);
  const { units, resampled } = unitsOf(measured);
  const perToken = ratioInterval(units.map(({ nats, tokens }) => ({ numerator: nats, denominator: tokens })));
  return {
    documents: documents.length,
    tokens: sum(({ tokens }) => tokens),
    bytes: sum(({ bytes }) => bytes),
    perplexity: { estimate: Math.exp(perToken.estimate), low: Math.exp(perToken.low), high: Math.exp(perToken.high) },
    bitsPerByte: ratioInterval(units.map(bits)),
    resampled,
  };
};

/** Bits per byte of the second model minus those of the first, on the same text. */
export const bitsPerByteDifference = (first: Measured, second: Measured): Interval => {
  // Models of two tokenizers have other windows: only documents are the same.
  const alike = first.windows.length === second.windows.length && unitsOf(first).resampled === "windows";
  return alike
    ? ratioDifference(first.windows.map(bits), second.windows.map(bits))
    : ratioDifference(first.documents.map(bits), second.documents.map(bits));
};

const bits = ({ nats, bytes }: MeasuredText): Share => ({ numerator: nats / Math.LN2, denominator: bytes });

const unitsOf = ({ documents, windows }: Measured) =>
  documents.length >= FEW_DOCUMENTS
    ? ({ units: documents, resampled: "documents" } as const)
    : ({ units: windows, resampled: "windows" } as const);
