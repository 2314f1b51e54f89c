import type { LabelValues } from "./labels.js";

/** Programs that have an instrument: `owner` is `blockzero publish`, `chain` the chains that run on one machine. */
export const ROLES = ["miner", "validator", "owner", "chain"] as const;
export type Role = (typeof ROLES)[number];

/** One instrument. Its name ends in its unit, as Prometheus wants it. */
export interface InstrumentDefinition {
  readonly type: "gauge" | "counter" | "histogram";
  /** One sentence. */
  readonly help: string;
  readonly roles: readonly Role[];
  /** The unit of a value, in words. */
  readonly unit: string;
  readonly labels?: Readonly<Record<string, LabelValues>>;
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
  /** Why no panel shows it. */
  readonly unplotted?: string;
}

export type InstrumentDefinitions = Readonly<Record<string, InstrumentDefinition>>;

export const EVERYBODY: readonly Role[] = ROLES;
/** Programs with a place in a subnet. */
export const PARTICIPANTS: readonly Role[] = ["miner", "validator"];
/** Programs that follow a subnet's cycles. */
export const FOLLOWERS: readonly Role[] = ["miner", "validator", "owner"];

/** From a tenth of a second to an hour: duties, writes and fetches take blocks. */
export const SECONDS = [0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 600, 1200, 3600] as const;
