import { onAbort } from "#shared/util/on-abort.js";

export interface PrioritySlots {
  /**
   * Waits for a slot. The most urgent class goes first, within it the earliest request.
   *
   * @param urgency index into `limits`
   * @returns a function that releases the slot; null if too many requests already wait
   * @throws the signal's reason
   */
  acquire(urgency: number, signal: AbortSignal): Promise<(() => void) | null>;
}

/**
 * Slots for concurrent work. A request of urgency `i` gets a slot while fewer than `limits[i]` slots are taken, so that less urgent
 * requests never take the last ones.
 */
export const prioritySlots = (limits: readonly number[], maxWaiting = 256): PrioritySlots => {
  let taken = 0;
  let waiting: { readonly urgency: number; readonly enter: () => void }[] = [];
  const mayEnter = (urgency: number) => taken < (limits[urgency] ?? 0);
  const release = () => {
    taken -= 1;
    const next = waiting.reduce<(typeof waiting)[number] | undefined>(
      (best, one) => (best === undefined || one.urgency < best.urgency ? one : best),
      undefined,
    );
    if (next !== undefined && mayEnter(next.urgency)) next.enter();
  };
  const take = () => {
    taken += 1;
    let isHeld = true;
    return () => {
      if (isHeld) release();
      isHeld = false;
    };
  };
  return {
    acquire: async (urgency, signal) => {
      signal.throwIfAborted();
      if (mayEnter(urgency)) return take();
      if (waiting.length >= maxWaiting) return null;
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting = waiting.filter((other) => other !== place);
          heard();
        };
        const place = {
          urgency,
          enter: () => {
            leave();
            resolve(take());
          },
        };
        waiting.push(place);
        const heard = onAbort(signal, () => {
          leave();
          reject(signal.reason);
        });
      });
    },
  };
};
