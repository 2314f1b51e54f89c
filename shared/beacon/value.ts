/**
 * What a value was made from, strongest first:
 *
 * - contributions: sealed openings of weighted contributors, a drand pulse and a block hash. Nobody can choose or withhold any of it;
 * - group: the one signature that a threshold group can make. Nobody below the threshold can choose, know or withhold it;
 * - pulse: a drand pulse and a block hash. drand's threshold knows it in advance;
 * - blocks: block hashes, among which a block's producer can choose.
 */
export type BeaconOrigin = "contributions" | "group" | "pulse" | "blocks";

/** Somebody who should have taken part and does not count. */
export interface Dropped {
  readonly hotkey: string;
  readonly why: string;
}

/** A value that nobody could choose or know before it was decided, as far as its origin says. */
export interface BeaconValue {
  /** 64 hex digits. */
  readonly value: string;
  readonly origin: BeaconOrigin;
  /** Hotkeys whose secrets are in the value, in ascending order. Empty for a fallback. */
  readonly contributors: readonly string[];
  /** By ascending hotkey. */
  readonly dropped: readonly Dropped[];
}

/** Whether the value is a fallback, which fewer parties must collude to know or choose. */
export const isWeaker = ({ origin }: Pick<BeaconValue, "origin">): boolean => origin === "pulse" || origin === "blocks";

/** A scheme that turns what is on chain and in blobs into values. */
export interface BeaconScheme {
  /** What the scheme's values have as their origin unless it falls back. */
  readonly scheme: "contributions" | "group";
  /**
   * The value of a cycle: a pure function of chain state and of the files that it names, the same for everybody.
   *
   * @throws BlockZeroError what reading the chain or fetching a file throws; the question can be asked again
   */
  value(cycle: number): Promise<BeaconValue>;
}
