import { BlockZeroError } from "#shared/errors/error.js";
import { type DrawDocument, documentsOn } from "./documents.js";
import { createRandom, type Random, type RandomState } from "./random.js";
import type { DocumentSource } from "./source.js";
import type { Side } from "./split.js";
import type { Tokenizer } from "./tokenizer.js";

/** Token windows for a language model; both arrays are [batchSize, sequenceLength], row-major. */
export interface Batch {
  readonly ids: BigInt64Array;
  /** At every position the token after it: `targets[i] = ids[i + 1]`, and one more token at a row's end. */
  readonly targets: BigInt64Array;
  readonly batchSize: number;
  readonly sequenceLength: number;
}

export interface WeightedSource {
  readonly source: DocumentSource;
  /** Share of the windows that begin in this source, relative to the other weights. */
  readonly weight: number;
}

export interface LoaderOptions {
  readonly sources: readonly WeightedSource[];
  readonly tokenizer: Tokenizer;
  /** Tokens in a row. */
  readonly sequenceLength: number;
  /** Rows in a batch. */
  readonly batchSize: number;
  /** Share of documents that training never sees, 0–1. */
  readonly heldOut: number;
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

const batchOf = ({ batchSize, sequenceLength }: LoaderOptions, window: () => Uint16Array): Batch => {
  const ids = new BigInt64Array(batchSize * sequenceLength);
  const targets = new BigInt64Array(batchSize * sequenceLength);
  for (let row = 0; row < batchSize; row++) {
    const tokens = window();
    for (let i = 0; i < sequenceLength; i++) {
      ids[row * sequenceLength + i] = BigInt(tokens[i] ?? 0);
      targets[row * sequenceLength + i] = BigInt(tokens[i + 1] ?? 0);
    }
  }
  return { ids, targets, batchSize, sequenceLength };
};

/**
 * Windows of `sequenceLength + 1` tokens. A window begins anywhere in a document, its separator included; where the
 * document ends first, the separator and further documents of the same source follow.
 */
const windowsOn = (side: Side, options: LoaderOptions): ((random: Random) => Uint16Array) => {
  const { tokenizer, sequenceLength } = options;
  const drawSource = weighted(options, side);
  return (random) => {
    const draw = drawSource(random);
    const window = new Uint16Array(sequenceLength + 1);
    let document = tokenizer.encode(draw(random));
    let from = random.below(document.length + 1);
    let filled = 0;
    while (filled < window.length) {
      const part = document.subarray(from, from + window.length - filled);
      window.set(part, filled);
      filled += part.length;
      if (filled === window.length) break;
      window[filled++] = tokenizer.endOfDocument;
      document = tokenizer.encode(draw(random));
      from = 0;
    }
    return window;
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
