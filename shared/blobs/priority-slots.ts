import { onAbort } from "#shared/util/on-abort.js";

export interface PrioritySlots {
  /**
   * Waits for a slot. The most urgent class goes first, within it who holds fewest slots, of these the earliest request.
   *
   * @param urgency index into `limits`
   * @param giveUp  called when the slot was held for a turn and somebody of a more urgent class waits, or one of this who holds fewer: release it soon
   * @param from    who asks. Default: everybody is one
   * @returns a function that releases the slot; null if too many requests already wait, or where it waited, for who has fewer that do
   * @throws the signal's reason
   */
  acquire(urgency: number, signal: AbortSignal, giveUp?: () => void, from?: string): Promise<(() => void) | null>;
}

export interface SlotOptions {
  /** Greatest number of requests that wait. */
  readonly maxWaiting?: number;
  /** Milliseconds for which a slot is held at least, whoever waits. Default: for as long as its holder likes. */
  readonly turnMs?: number;
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

interface Waiter extends Asker {
  readonly enter: () => void;
  readonly refuse: () => void;
}

/**
 * Slots for concurrent work. A request of urgency `i` gets a slot while fewer than `limits[i]` slots are taken, so that less urgent
 * requests never take the last ones. Nobody has more slots or room to wait for long than others of its class who ask too: many requests of a few
 * keep out nobody.
 */
export const prioritySlots = (
  limits: readonly number[],
  { maxWaiting = 256, turnMs, now = () => performance.now() }: SlotOptions = {},
): PrioritySlots => {
  const held = new Set<Holder>();
  let waiting: readonly Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;

  const mayEnter = (urgency: number) => held.size < (limits[urgency] ?? 0);
  /** Whoever waits, in the order in which they get slots. */
  const inOrder = (): readonly Waiter[] => {
    const slots = countOf(held);
    return [...waiting].sort((a, b) => a.urgency - b.urgency || slots(a.from) - slots(b.from));
  };
  const letIn = () => {
    const [next] = inOrder();
    if (next !== undefined && mayEnter(next.urgency)) next.enter();
  };

  /** Asks holders whose turns are over to give up, at most one for each who waits: of who holds most the longest. */
  const makeRoom = () => {
    const over = [...held].filter(({ since }) => now() - since >= turnMs!).sort((a, b) => a.since - b.since);
    // As it will be once they did.
    const then = countsOf(held);
    const slots = (from: string) => then.get(from) ?? 0;
    for (const { urgency, from } of inOrder()) {
      const mayStay = (holder: Holder) =>
        holder.urgency < urgency ||
        (holder.urgency === urgency && holder.from !== from && slots(holder.from) <= slots(from));
      const ending = over
        .filter((holder) => !mayStay(holder))
        .reduce<Holder | undefined>(
          (most, one) => (most === undefined || slots(one.from) > slots(most.from) ? one : most),
          undefined,
        );
      if (ending === undefined) continue;
      over.splice(over.indexOf(ending), 1);
      then.set(ending.from, slots(ending.from) - 1);
      then.set(from, slots(from) + 1);
      ending.giveUp();
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

  const take = (asker: Asker, giveUp: () => void) => {
    const holder: Holder = { ...asker, since: now(), giveUp };
    held.add(holder);
    return () => {
      if (held.delete(holder)) letIn();
    };
  };

  /** Who leaves the full queue for another: of the least urgent the newest of who has most slots and requests. Undefined if none has to. */
  const displacedBy = ({ urgency, from }: Asker): Waiter | undefined => {
    const requests = countOf([...held, ...waiting]);
    const last = waiting.reduce<Waiter | undefined>(
      (worst, one) =>
        worst === undefined ||
        one.urgency > worst.urgency ||
        (one.urgency === worst.urgency && requests(one.from) >= requests(worst.from))
          ? one
          : worst,
      undefined,
    );
    if (last === undefined || last.urgency < urgency) return undefined;
    return last.urgency > urgency || requests(last.from) > requests(from) + 1 ? last : undefined;
  };

  return {
    acquire: async (urgency, signal, giveUp = () => undefined, from = "") => {
      signal.throwIfAborted();
      const asker: Asker = { urgency, from };
      if (mayEnter(urgency)) return take(asker, giveUp);
      if (waiting.length >= maxWaiting) {
        const displaced = displacedBy(asker);
        if (displaced === undefined) return null;
        displaced.refuse();
      }
      return new Promise((resolve, reject) => {
        const leave = () => {
          setWaiting(waiting.filter((other) => other !== place));
          heard();
        };
        const place: Waiter = {
          ...asker,
          enter: () => {
            leave();
            resolve(take(asker, giveUp));
          },
          refuse: () => {
            leave();
            resolve(null);
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
