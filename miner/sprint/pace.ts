import { setTimeout as pause } from "node:timers/promises";
import type { PowerMeter } from "./power.js";

/** Keeps a computation within its share of the device, and of the power. */
export interface Pace {
  /**
   * Rests for as long as a computation of so many milliseconds asks for.
   *
   * @param most milliseconds after which there is nothing left to rest for. Default: any
   */
  rest(computed: number, signal: AbortSignal, most?: number): Promise<void>;
  /** Mean watts of the last computation. Null if they cannot be read. */
  readonly watts: number | null;
}

export interface PaceLimits {
  /** Largest part of the time that is computed in, in (0, 1]. */
  readonly share: number;
  /** Power above which the share is lowered in proportion. Unset: any. */
  readonly maxWatts?: number | undefined;
}

/** Longest rest after one computation, in milliseconds. */
const LONGEST_REST = 60_000;

/**
 * After t milliseconds of computing it rests for t · (1 / share − 1).
 *
 * @param sleep waits so many milliseconds; it rejects on an abort
 */
export const createPace = (
  { share, maxWatts }: PaceLimits,
  meter: PowerMeter,
  sleep = (milliseconds: number, signal: AbortSignal) => pause(milliseconds, undefined, { signal }),
): Pace => {
  let watts: number | null = null;
  meter.watts();
  return {
    get watts() {
      return watts;
    },
    async rest(computed, signal, most = Number.POSITIVE_INFINITY) {
      watts = meter.watts();
      const allowed = maxWatts === undefined || watts === null ? share : share * Math.min(1, maxWatts / watts);
      const rest = Math.min(LONGEST_REST, most, computed * (1 / allowed - 1));
      if (rest > 0) await sleep(rest, signal);
      // The rest does not count as the computation's power.
      meter.watts();
    },
  };
};
