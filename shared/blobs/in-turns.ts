import { NEVER } from "#shared/util/never.js";
import { prioritySlots } from "./priority-slots.js";

/** Does work once its turn has come. @throws what the work throws; the signal's reason */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** More than the number of neurons in a subnet. */
const MAX_WAITING = 65_536;

/**
 * Does so much work at a time, in the order in which it was asked for. None of it may wait for a stranger: strangers would then hold up all
 * others.
 */
export const inTurns = (limit: number, signal: AbortSignal = NEVER): InTurn => {
  const slots = prioritySlots([limit], { maxWaiting: MAX_WAITING });
  return async (work) => {
    const release = await slots.acquire(0, signal);
    try {
      return await work();
    } finally {
      release?.();
    }
  };
};
