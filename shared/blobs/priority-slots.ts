import { onAbort } from "#shared/util/on-abort.js";

export interface PrioritySlots {
  /**
   * Waits for a slot; the most urgent class, then the earliest of it, goes first.
   *
   * @param urgency index into `limits`
   * @returns gives the slot back; null when too many wait already
   * @throws the signal's reason
   */
  acquire(urgency: number, signal: AbortSignal): Promise<(() => void) | null>;
}

/**
 * Slots for what is done at the same time. The class of urgency `i` is let in while fewer than `limits[i]` slots are taken, so that the less
 * urgent never take the last ones.
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
