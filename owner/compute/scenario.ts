import { type HostKind, TYPICAL_KINDS } from "./kinds.js";

/** Who takes part, and what holds under all rules. Times in seconds. */
export interface ComputeScenario {
  readonly kinds: readonly HostKind[];
  readonly epoch: number;
  readonly block: number;
  /** A usual window, and a short one. */
  readonly window: number;
  readonly shortWindow: number;
  /** Mean number of confirmations an epoch. */
  readonly confirmations: number;
  /** From a window's first seed to the second, where there are two. */
  readonly secondSeed: number;
  /** Share of the time for which a host that is always there has real work. */
  readonly utilisation: number;
  /** Requests of an epoch to each unit of hardware that has weight. */
  readonly requests: number;
  /** Share of requests that an honest host misses. */
  readonly missed: number;
  /** Electric power of a unit at work, in watts. Null: energy is given in seconds. */
  readonly watts: number | null;
  /** What an epoch pays, in the smallest unit. */
  readonly pot: number;
}

/** A day of 12-second blocks, windows of ten minutes, and two confirmations. */
export const TYPICAL_SCENARIO: ComputeScenario = {
  kinds: TYPICAL_KINDS,
  epoch: 86_400,
  block: 12,
  window: 600,
  shortWindow: 60,
  confirmations: 2,
  secondSeed: 60,
  utilisation: 0.3,
  requests: 12,
  missed: 0.01,
  watts: null,
  pot: 1_000_000_000,
};
