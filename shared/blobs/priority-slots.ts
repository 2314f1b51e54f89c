import { onAbort } from "#shared/util/on-abort.js";

export interface PrioritySlots {
  /**
   * Waits for a slot. The most urgent class goes first, within it the earliest request.
   *
   * @param urgency index into `limits`
   * @param giveUp  called when the slot was held for a turn and somebody of this or a more urgent class waits: release it soon
   * @returns a function that releases the slot; null if too many requests already wait
   * @throws the signal's reason
   */
  acquire(urgency: number, signal: AbortSignal, giveUp?: () => void): Promise<(() => void) | null>;
}

export interface SlotOptions {
  /** Greatest number of requests that wait. */
  readonly maxWaiting?: number;
  /** Milliseconds for which a slot is held at least, whoever waits. Default: for as long as its holder likes. */
  readonly turnMs?: number;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

interface Holder {
  readonly urgency: number;
  readonly since: number;
  readonly giveUp: () => void;
}

interface Waiter {
  readonly urgency: number;
  readonly enter: () => void;
}

/**
 * Slots for concurrent work. A request of urgency `i` gets a slot while fewer than `limits[i]` slots are taken, so that less urgent
 * requests never take the last ones.
 */
export const prioritySlots = (
  limits: readonly number[],
  { maxWaiting = 256, turnMs, now = () => performance.now() }: SlotOptions = {},
): PrioritySlots => {
  const held = new Set<Holder>();
  let waiting: readonly Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;

  const mayEnter = (urgency: number) => held.size < (limits[urgency] ?? 0);
  const mostUrgent = () =>
    waiting.reduce<Waiter | undefined>(
      (best, one) => (best === undefined || one.urgency < best.urgency ? one : best),
      undefined,
    );
  const letIn = () => {
    const next = mostUrgent();
    if (next !== undefined && mayEnter(next.urgency)) next.enter();
  };

  /** Asks as many holders as there are waiters to give up: those whose turns are over, the longest first. */
  const makeRoom = () => {
    const over = [...held].filter(({ since }) => now() - since >= turnMs!).sort((a, b) => a.since - b.since);
    for (const { urgency } of waiting) {
      const at = over.findIndex((holder) => holder.urgency >= urgency);
      if (at >= 0) for (const { giveUp } of over.splice(at, 1)) giveUp();
    }
  };
  const setWaiting = (next: readonly Waiter[]) => {
    waiting = next;
    if (turnMs === undefined) return;
    if (waiting.length === 0) {
      clearInterval(timer);
      timer = undefined;
    } else timer ??= setInterval(makeRoom, turnMs / 4).unref();
  };

  const take = (urgency: number, giveUp: () => void) => {
    const holder: Holder = { urgency, since: now(), giveUp };
    held.add(holder);
    return () => {
      if (held.delete(holder)) letIn();
    };
  };

  return {
    acquire: async (urgency, signal, giveUp = () => undefined) => {
      signal.throwIfAborted();
      if (mayEnter(urgency)) return take(urgency, giveUp);
      if (waiting.length >= maxWaiting) return null;
      return new Promise((resolve, reject) => {
        const leave = () => {
          setWaiting(waiting.filter((other) => other !== place));
          heard();
        };
        const place: Waiter = {
          urgency,
          enter: () => {
            leave();
            resolve(take(urgency, giveUp));
          },
        };
        setWaiting([...waiting, place]);
        const heard = onAbort(signal, () => {
          leave();
          reject(signal.reason);
        });
      });
    },
  };
};
