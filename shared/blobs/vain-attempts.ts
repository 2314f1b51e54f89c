import { keepNewest } from "#shared/util/keep-newest.js";
import { FIRST_TURN_MS } from "./fetch-turns.js";

/** What servers cost that brought nothing, so that they are asked after others for whatever blob. */
export interface VainAttempts {
  /**
   * Milliseconds that a location last cost in vain, in tenths of a first turn, one at most; 0 if it was short or is long ago, or the location brought
   * a blob since.
   */
  costOf(location: string): number;
  /** @param ms that it cost */
  inVain(location: string, ms: number): void;
  /** It brought a blob. */
  brought(location: string): void;
}

/** Milliseconds that are told apart, so that small differences say nothing: who says within them that it has nothing costs nothing. */
const STEP_MS = FIRST_TURN_MS / 10;

/** Milliseconds for which it is remembered: sixty that are silent for a first turn each cost a tenth of the time. */
const REMEMBERED_MS = 600_000;

/** Locations that are remembered, the newest. */
const MOST = 4096;

/** @param now milliseconds of a monotonic clock */
export const vainAttempts = (now: () => number = () => performance.now()): VainAttempts => {
  const attempts = new Map<string, { readonly ms: number; readonly at: number }>();
  return {
    costOf: (location) => {
      const last = attempts.get(location);
      return last !== undefined && now() - last.at < REMEMBERED_MS ? last.ms : 0;
    },
    inVain: (location, ms) => {
      // A quick answer says nothing of how long a slow one takes.
      if (ms < STEP_MS) return;
      attempts.delete(location);
      // One that has cost more is no worse: else an honest one would come after all that are silent again and again.
      attempts.set(location, { ms: STEP_MS * Math.floor(Math.min(ms, FIRST_TURN_MS) / STEP_MS), at: now() });
      keepNewest(attempts, MOST);
    },
    brought: (location) => void attempts.delete(location),
  };
};
