import { onAbort } from "#shared/util/on-abort.js";
import { type HeldTime, heldTime } from "./held-time.js";
import { type Asker, LOOKS, type SlotLimitOptions, slotLimits } from "./slot-limits.js";

export interface PrioritySlots {
  /**
   * Waits for a slot. The most urgent class goes first; within it who holds fewest slots, of these who held slots for least time lately, of these the
   * earliest request.
   *
   * @param urgency index into `limits`
   * @param giveUp  called when the slot was held for a turn and somebody of a more urgent class waits, or one of this who holds fewer: release it
   *   soon
   * @param from    who asks. Default: everybody is one
   * @returns a function that releases the slot; null if too many others come first, at once or while it waits
   * @throws the signal's reason
   */
  acquire(urgency: number, signal: AbortSignal, giveUp?: () => void, from?: string): Promise<(() => void) | null>;
}

export interface SlotOptions extends SlotLimitOptions {
  /** Greatest number of requests that wait. Default: 256. */
  readonly maxWaiting?: number;
  /** Whether everybody is of the most urgent class with one request at a time, and of the next with those beside. */
  readonly isOneFirst?: boolean;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

interface Holder extends Asker {
  readonly since: number;
  readonly giveUp: () => void;
}

/** Its class may change while it waits. */
interface Waiter extends Asker {
  readonly since: number;
  readonly enter: (urgency: number) => void;
  readonly refuse: () => void;
}

interface Ranked extends Asker {
  /** Slots that it holds, and its own requests that come before this. */
  readonly before: number;
  /** `HeldTime`. */
  readonly lately: number;
  readonly waiter: Waiter;
}

/**
 * Slots for concurrent work, so many for each class (`slotLimits`). Nobody has more slots or room to wait for long than others of its class who ask
 * too, and who had none lately comes first: many requests of a few, or few of many, keep out nobody.
 */
export const prioritySlots = (limits: readonly number[], options: SlotOptions = {}): PrioritySlots => {
  const { maxWaiting = 256, turnMs, patienceMs, isOneFirst = false, now = () => performance.now() } = options;
  const { classesOf, mayEnter, mostWaiting } = slotLimits(limits, options);
  const held = new Set<Holder>();
  /** Of the most urgent class, and of all others: what somebody is first with is no reason to be last with the rest. */
  const lately: readonly HeldTime[] = [heldTime(turnMs, now), heldTime(turnMs, now)];
  const latelyOf = (urgency: number) => lately[Math.min(urgency, 1)]!;
  let waiting: readonly Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;

  /** Whoever waits, in the order in which they get slots. */
  const inOrder = (): readonly Ranked[] => {
    const firsts = new Set([...held].filter(({ urgency }) => urgency === 0).map(({ from }) => from));
    const counts = countsOf(held);
    const all = waiting.map((waiter): Ranked => {
      const { from } = waiter;
      const urgency = isOneFirst && waiter.urgency === 0 && firsts.has(from) ? 1 : waiter.urgency;
      if (urgency === 0) firsts.add(from);
      const ranked = { urgency, from, lately: latelyOf(urgency).of(from), waiter };
      if (isOneFirst && urgency === 0) return { ...ranked, before: 0 };
      const before = counts.get(from) ?? 0;
      counts.set(from, before + 1);
      return { ...ranked, before };
    });
    return all.sort((a, b) => a.urgency - b.urgency || a.before - b.before || a.lately - b.lately);
  };
  const letIn = () => {
    for (;;) {
      const taken = classesOf(held);
      const next = inOrder().find(({ urgency }) => mayEnter(urgency, taken));
      if (next === undefined) return;
      next.waiter.enter(next.urgency);
    }
  };

  /** Whoever would wait in vain hears so. */
  const refuseSurplus = () => {
    const order = inOrder();
    const surplus = new Set(order.slice(maxWaiting));
    for (const urgency of limits.keys()) {
      const same = order.filter((one) => one.urgency === urgency);
      for (const one of same.slice(mostWaiting(urgency, order, held))) surplus.add(one);
    }
    for (const { waiter } of surplus) waiter.refuse();
  };

  /** Asks holders whose turns are over to give up, one for each who can enter then: of who holds most the longest. */
  const makeRoom = () => {
    if (patienceMs !== undefined) for (const waiter of waiting) if (now() - waiter.since >= patienceMs) waiter.refuse();
    refuseSurplus();
    const over = [...held].filter(({ since }) => now() - since >= turnMs!).sort((a, b) => a.since - b.since);
    const ending: Holder[] = [];
    // As it will be once they did.
    const then = new Set<Asker>(held);
    for (const { urgency, from } of inOrder()) {
      const slots = countOf(then);
      // Where one goes who is first, another of its own is.
      const after = (holder: Holder) => (holder.from === from ? Math.min(holder.urgency, urgency) : urgency);
      const mayStay = (holder: Holder) => {
        const isOwn = holder.from === from;
        if (holder.urgency < urgency) return !(isOneFirst && isOwn);
        return holder.urgency === urgency && !isOwn && slots(holder.from) <= slots(from);
      };
      const taken = classesOf(then);
      const helps = (holder: Holder) => mayEnter(after(holder), taken.with(holder.urgency, taken[holder.urgency]! - 1));
      const next = over
        .filter((holder) => then.has(holder) && !mayStay(holder) && helps(holder))
        .reduce<Holder | undefined>(
          (best, one) => (best === undefined || slots(one.from) > slots(best.from) ? one : best),
          undefined,
        );
      if (next === undefined) continue;
      then.delete(next);
      then.add({ urgency: after(next), from });
      ending.push(next);
    }
    for (const holder of ending) holder.giveUp();
  };
  const setWaiting = (next: readonly Waiter[]) => {
    waiting = next;
    if (turnMs !== undefined && waiting.length === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };

  const take = (asker: Asker, giveUp: () => void) => {
    const holder: Holder = { ...asker, since: now(), giveUp };
    held.add(holder);
    return () => {
      if (!held.delete(holder)) return;
      latelyOf(holder.urgency).add(holder.from, now() - holder.since);
      letIn();
    };
  };

  return {
    acquire: async (asked, signal, giveUp = () => undefined, from = "") => {
      signal.throwIfAborted();
      const urgency = isOneFirst && asked === 0 && [...held, ...waiting].some(isFirstOf(from)) ? 1 : asked;
      // Nobody who waits may, else it had.
      if (mayEnter(urgency, classesOf(held))) return take({ urgency, from }, giveUp);
      return new Promise((resolve, reject) => {
        const leave = () => {
          setWaiting(waiting.filter((other) => other !== place));
          heard();
        };
        const place: Waiter = {
          urgency: asked,
          from,
          since: now(),
          enter: (entered) => {
            leave();
            resolve(take({ urgency: entered, from }, giveUp));
          },
          refuse: () => {
            leave();
            resolve(null);
          },
        };
        const heard = onAbort(signal, () => {
          leave();
          reject(signal.reason);
        });
        setWaiting([...waiting, place]);
        if (patienceMs !== undefined || waiting.length > maxWaiting) refuseSurplus();
        if (turnMs !== undefined && waiting.length > 0) timer ??= setInterval(makeRoom, turnMs / LOOKS).unref();
      });
    },
  };
};

const isFirstOf =
  (from: string) =>
  (asker: Asker): boolean =>
    asker.urgency === 0 && asker.from === from;

/** How many of them each has. */
const countsOf = (askers: Iterable<Asker>): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { from } of askers) counts.set(from, (counts.get(from) ?? 0) + 1);
  return counts;
};

const countOf = (askers: Iterable<Asker>): ((from: string) => number) => {
  const counts = countsOf(askers);
  return (from) => counts.get(from) ?? 0;
};
