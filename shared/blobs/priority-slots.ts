import { onAbort } from "#shared/util/on-abort.js";
import { type HeldTime, heldTime } from "./held-time.js";

export interface PrioritySlots {
  /**
   * Waits for a slot. The most urgent class goes first; within it who holds fewest slots, of these who held slots for least time lately, of these the
   * earliest request.
   *
   * @param urgency index into `limits`
   * @param giveUp  called when the slot was held for a turn and somebody of a more urgent class waits, or one of this who holds fewer: release it soon
   * @param from    who asks. Default: everybody is one
   * @returns a function that releases the slot; null if too many others come first, at once or while it waits
   * @throws the signal's reason
   */
  acquire(urgency: number, signal: AbortSignal, giveUp?: () => void, from?: string): Promise<(() => void) | null>;
}

export interface SlotOptions {
  /** Greatest number of requests that wait. */
  readonly maxWaiting?: number;
  /** Milliseconds for which a slot is held at least, whoever waits. Default: for as long as its holder likes. */
  readonly turnMs?: number;
  /** With `turnMs`: milliseconds for which a request waits at most. No more wait than have a slot in this time if each slot is held for a turn. */
  readonly patienceMs?: number;
  /** Whether everybody is of the most urgent class with one request at a time, and of the next with those beside. */
  readonly isOneFirst?: boolean;
  /** Number of slots that the last class alone takes. Default: 0. */
  readonly keptForLast?: number;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

interface Asker {
  readonly urgency: number;
  readonly from: string;
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

/** `makeRoom` looks so many times a turn. */
const LOOKS = 4;

/**
 * Slots for concurrent work. Those of urgency `i` and less take `limits[i]` slots at most, so that less urgent requests never take the last ones. The
 * most urgent take no more than `limits[1]` either: the rest is for all others. Nobody has more slots or room to wait for long than others of its class
 * who ask too, and who had none lately comes first: many requests of a few, or few of many, keep out nobody.
 */
export const prioritySlots = (limits: readonly number[], options: SlotOptions = {}): PrioritySlots => {
  const { maxWaiting = 256, turnMs, patienceMs, isOneFirst = false, keptForLast = 0 } = options;
  const { now = () => performance.now() } = options;
  const [most = 0, mostFirst = most] = limits;
  const last = limits.length - 1;
  const held = new Set<Holder>();
  /** Of the most urgent class, and of all others: what somebody is first with is no reason to be last with the rest. */
  const lately: readonly HeldTime[] = [heldTime(turnMs, now), heldTime(turnMs, now)];
  const latelyOf = (urgency: number) => lately[Math.min(urgency, 1)]!;
  let waiting: readonly Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;

  /** How many there are of each class. */
  const classesOf = (askers: Iterable<Asker>): readonly number[] => {
    const counts = limits.map(() => 0);
    for (const { urgency } of askers) counts[urgency]! += 1;
    return counts;
  };
  const mayEnter = (urgency: number, taken = classesOf(held)): boolean => {
    const total = taken.reduce((sum, count) => sum + count, 0);
    const lasts = taken[last] ?? 0;
    const kept = urgency === last ? 0 : Math.max(0, keptForLast - lasts);
    const firsts = taken[0] ?? 0;
    if (total + kept >= most) return false;
    if (urgency === 0) return firsts < mostFirst;
    const limit = urgency === last && lasts < keptForLast ? mostFirst : (limits[urgency] ?? 0);
    return total - firsts + kept < limit;
  };

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

  /** How many of a class have a slot in time, where all hold theirs for a turn. */
  const mostWaiting = (urgency: number, order: readonly Ranked[]): number => {
    if (patienceMs === undefined || turnMs === undefined) return maxWaiting;
    const wanted = classesOf([...held, ...order]);
    const others = Math.min(mostFirst, most - Math.min(mostFirst, wanted[0] ?? 0));
    const isNext = order.every((one) => one.urgency !== last - 1);
    const places = () => {
      if (urgency === 0) return mostFirst;
      if (urgency < last) return others;
      return isNext ? Math.min(others, limits[last] ?? 0) : Math.max(1, keptForLast);
    };
    return Math.floor((places() * patienceMs) / (turnMs * (1 + 1 / LOOKS)));
  };
  /** Whoever would wait in vain hears so. */
  const refuseSurplus = () => {
    const order = inOrder();
    const surplus = new Set(order.slice(maxWaiting));
    for (const urgency of limits.keys()) {
      const same = order.filter((one) => one.urgency === urgency);
      for (const one of same.slice(mostWaiting(urgency, order))) surplus.add(one);
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
      if (mayEnter(urgency)) return take({ urgency, from }, giveUp);
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
