import { BlockZeroError } from "#shared/errors/error.js";
import { type DrawDocument, documentsOn } from "./documents.js";
import { createRandom, type Random, type RandomState } from "./random.js";
import type { Side } from "./split.js";
import type { TokenDocument, TokenSource } from "./token-source.js";
import type { Tokenizer } from "./tokenizer.js";

/** Token windows for a language model; all arrays are [batchSize, sequenceLength], row-major. */
export interface Batch {
  readonly ids: BigInt64Array;
  /** At every position the token after it: `targets[i] = ids[i + 1]`, and one more token at a row's end; −1 where a prediction does not count. */
  readonly targets: BigInt64Array;
  /** Of isolated documents, for each token the place in its row at which its document begins: tokens see their own document alone. */
  readonly starts?: BigInt64Array;
  /** Targets that count. */
  readonly counted: number;
  /** UTF-8 bytes of the text that they stand for. */
  readonly bytes: number;
  readonly batchSize: number;
  readonly sequenceLength: number;
}

export interface WeightedSource {
  readonly source: TokenSource;
  /** Share of the windows that begin in this source, relative to the other weights. */
  readonly weight: number;
}

export interface LoaderOptions {
  readonly sources: readonly WeightedSource[];
  /** The sources' own. */
  readonly tokenizer: Pick<Tokenizer, "startOfDocument" | "endOfDocument" | "bytesOf">;
  /** Tokens in a row. */
  readonly sequenceLength: number;
  /** Rows in a batch. */
  readonly batchSize: number;
  /** Share of documents that training never sees, 0–1. */
  readonly heldOut: number;
  /** Whether a document is read by itself: batches say where each begins, and predictions of a document's first token do not count. */
  readonly isolated?: boolean;
}

export interface TrainingLoader {
  next(): Batch;
  /** Where the stream stands between two batches. */
  position(): RandomState;
  /** Goes on from a position of a loader with the same options and documents. */
  seek(position: RandomState): void;
}

/**
 * An endless, reproducible stream of training batches that holds no held-out document. The seed decides everything:
 * one that names the miner and the cycle gives each miner its own stream.
 *
 * @throws BlockZeroError SPLIT_EMPTY, NO_DATA, and what a source throws
 */
export const trainingLoader = (options: LoaderOptions & { readonly seed: string | number }): TrainingLoader => {
  const window = windowsOn("training", options);
  let random = createRandom(`blockzero training ${options.seed}`);
  return {
    next: () => batchOf(options, () => window(random)),
    position: () => random.state(),
    seek: (position) => {
      random = createRandom(position);
    },
  };
};

/**
 * The evaluation batches of a seed: held-out documents only, the same bytes on every machine that has the same sources.
 *
 * @param options.seed    32 bytes as 64 lower-case hex digits
 * @param options.batches how many
 * @throws BlockZeroError SPLIT_EMPTY, NO_DATA, and what a source throws; RangeError for a seed that is none
 */
export const heldOutBatches = (
  options: LoaderOptions & { readonly seed: string; readonly batches: number },
): readonly Batch[] => {
  if (!/^[0-9a-f]{64}$/.test(options.seed)) throw new RangeError("the evaluation seed must be 64 hex digits");
  const window = windowsOn("held-out", options);
  const random = createRandom(`blockzero evaluation ${options.seed}`);
  return Array.from({ length: options.batches }, () => batchOf(options, () => window(random)));
};

/** Tokens in a row and one more. */
interface Window {
  readonly ids: Uint32Array;
  /** 1 where a prediction of the token counts. */
  readonly counts: Uint8Array;
  /** Where each token's document begins. */
  readonly starts: Uint32Array;
}

const batchOf = (
  { batchSize, sequenceLength, tokenizer, isolated = false }: LoaderOptions,
  window: () => Window,
): Batch => {
  const ids = new BigInt64Array(batchSize * sequenceLength);
  const targets = new BigInt64Array(batchSize * sequenceLength);
  const starts = new BigInt64Array(isolated ? batchSize * sequenceLength : 0);
  let counted = 0;
  let bytes = 0;
  for (let row = 0; row < batchSize; row++) {
    const { ids: tokens, counts, starts: begins } = window();
    const isCounted = (i: number): boolean => counts[i] === 1 && !(isolated && begins[i] === i);
    for (let i = 0; i < sequenceLength; i++) {
      const at = row * sequenceLength + i;
      ids[at] = BigInt(tokens[i] ?? 0);
      targets[at] = isCounted(i + 1) ? BigInt(tokens[i + 1] ?? 0) : -1n;
      if (isolated) starts[at] = BigInt(begins[i] ?? 0);
    }
    const predicted = tokens.filter((_, i) => i > 0 && isCounted(i));
    counted += predicted.length;
    bytes += tokenizer.bytesOf(predicted);
  }
  return { ids, targets, ...(isolated && { starts }), counted, bytes, batchSize, sequenceLength };
};

/**
 * Windows of `sequenceLength + 1` tokens. A window begins anywhere in a document, its separators included; where the
 * document ends first, further documents of the same source follow.
 */
const windowsOn = (side: Side, options: LoaderOptions): ((random: Random) => Window) => {
  const { tokenizer, sequenceLength } = options;
  const drawSource = weighted(options, side);
  return (random) => {
    const draw = drawSource(random);
    const length = sequenceLength + 1;
    const window = { ids: new Uint32Array(length), counts: new Uint8Array(length), starts: new Uint32Array(length) };
    let document = withSeparators(draw(random), tokenizer);
    let from = random.below(document.length);
    let filled = 0;
    while (true) {
      filled += document.copy(from, window, filled);
      if (filled === window.ids.length) return window;
      document = withSeparators(draw(random), tokenizer);
      from = 0;
    }
  };
};

/** A document between the tokens that begin and end it, unless it has them. */
const withSeparators = (
  { ids, counts, isWhole = false }: TokenDocument,
  { startOfDocument, endOfDocument }: LoaderOptions["tokenizer"],
) => {
  const first = isWhole || startOfDocument === null ? 0 : 1;
  const length = first + ids.length + (isWhole ? 0 : 1);
  return {
    length,
    /** Copies tokens from a position on, as many as fit; gives their number. */
    copy(from: number, window: Window, at: number): number {
      const count = Math.min(length - from, window.ids.length - at);
      for (let i = 0; i < count; i++) {
        const place = from + i - first;
        const isText = place >= 0 && place < ids.length;
        window.ids[at + i] = isText ? ids[place]! : place < 0 ? startOfDocument! : endOfDocument;
        window.counts[at + i] = isText && counts ? counts[place]! : 1;
        window.starts[at + i] = at;
      }
      return count;
    },
  };
};

const weighted = ({ sources, heldOut }: LoaderOptions, side: Side): ((random: Random) => DrawDocument) => {
  const draws = sources.map(({ source, weight }) => ({ draw: documentsOn(side, source, heldOut), weight }));
  const total = draws.reduce((sum, { weight }) => sum + weight, 0);
  const last = draws.at(-1);
  if (last === undefined || !(total > 0)) {
    throw new BlockZeroError(
      "NO_DATA",
      "no data source has a weight above zero",
      "name at least one source of documents",
    );
  }
  return (random) => {
    let left = random.next() * total;
    for (const { draw, weight } of draws) {
      left -= weight;
      if (left < 0) return draw;
    }
    return last.draw;
  };
};
