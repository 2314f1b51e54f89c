import type { Tally } from "../pieces/tally.js";

/** What came of a corpus, for a person to look at. */
export interface PackReport {
  /** Hash of the pack. */
  readonly hash: string;
  readonly tokenizer: string;
  readonly sources: readonly { readonly name: string; readonly bytes: number }[];
  /** Rows, what left where and why, and what is to be known of rows that passed the filters. */
  readonly tally: Tally;
  /** The stages in their order, with what remained after each. */
  readonly stages: readonly StageFigures[];
  readonly sides: Readonly<Record<"training" | "held-out", SideFigures>>;
  /** Of near-duplicates: bands, rows, and the chance that two texts of a similarity are found. */
  readonly near: {
    readonly words: number;
    readonly bands: number;
    readonly rows: number;
    readonly chances: readonly { readonly similarity: number; readonly chance: number }[];
    /** Clusters of two or more, and the largest. */
    readonly clusters: number;
    readonly largest: number;
  };
}

export interface StageFigures {
  readonly stage: string;
  readonly left: number;
  readonly rows: number;
}

export interface SideFigures {
  readonly shards: number;
  readonly documents: number;
  readonly tokens: number;
  readonly textBytes: number;
  readonly bytes: number;
}
