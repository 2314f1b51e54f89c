import { reasonOf } from "#shared/errors/error.js";
import type { Log } from "./log.js";

/** Writes that may fail and come to work again: one warning an outage, and one line when it is over. */
export interface Outage {
  /** Tries. What is thrown is logged, if the last try did not fail too. */
  attempt(write: () => void): void;
}

/** @param what as in "metrics" */
export const watchOutage = (
  what: string,
  fields: Readonly<Record<string, unknown>>,
  log: Pick<Log, "warn" | "info"> | undefined,
): Outage => {
  let lost = 0;
  return {
    attempt(write) {
      try {
        write();
      } catch (thrown) {
        lost += 1;
        if (lost === 1) log?.warn(`${what} cannot be written`, { ...fields, reason: reasonOf(thrown) });
        return;
      }
      if (lost > 0) log?.info(`${what} are written again`, { ...fields, lost });
      lost = 0;
    },
  };
};
