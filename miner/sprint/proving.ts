import type { ComputedNonces } from "#shared/compute/profile/profile.js";
import type { Found, SearchOptions } from "./search.js";

/** How a miner's proof of one Sprint comes about, by the profile. */
export interface Proving {
  /** What was found before the program started. */
  readonly begun: Found;
  /** How nonces are computed: honestly, but for a red team's miner. */
  readonly computing: (compute: SearchOptions["compute"]) => SearchOptions["compute"];
  /** Most nonces that the proof can have, as things stand. 0 where it can be none any more. */
  readonly most: () => number;
  /** Takes what a batch gave. */
  readonly take: (batch: ComputedNonces) => void;
  /** Puts on chain what must stand there before the proof does. @throws BlockZeroError WINDOW_MISSED */
  readonly record: () => Promise<void>;
  /** The signed proof's file, and what it claims. */
  readonly finish: (found: Found) => Promise<{ readonly bytes: Uint8Array; readonly claimed: Found }>;
  /** Forgets what is not needed once the file is stored. */
  readonly close: () => void;
}

/** Which Sprint is proven. */
export interface ProvingOf {
  readonly cycle: number;
  readonly difficulty: number;
  /** Of the inputs. */
  readonly inputs: string;
}
