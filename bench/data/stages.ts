/** What is measured: reading, the filters of length and symbols, that of repetition, and the sketch of near-duplicates. */
export const STAGES = ["read", "quality", "repetition", "sketch"] as const;

export interface StageFigures {
  /** Processor seconds of each stage. */
  readonly seconds: Readonly<Record<(typeof STAGES)[number], number>>;
  /** Documents that a filter lets pass. */
  readonly kept: Readonly<Record<"quality" | "repetition", number>>;
}
