import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import { onAbort } from "#shared/util/on-abort.js";

/** A place in which one server is asked. */
export interface FetchTurn {
  /** Aborts when somebody else should have the place: what was received stays, and the rest is for a later turn. */
  readonly over: AbortSignal;
  release(): void;
}

export interface TurnRequest {
  /** Of the server that will be asked: an IPv4 address, or an IPv6 network. */
  readonly network: string;
  /** Milliseconds that this turn may last while others wait for shorter ones; who waits for the shortest goes first. */
  readonly milliseconds: number;
  readonly signal: AbortSignal | undefined;
}

export interface FetchTurns {
  /** @throws the signal's reason */
  take(request: TurnRequest): Promise<FetchTurn>;
}

export interface FetchTurnsOptions {
  /** Servers that are asked at the same time. */
  readonly places?: number;
  /** Of those, servers of one network: however many names, ports and hotkeys it has. */
  readonly perNetwork?: number;
  /** Milliseconds, rising. */
  readonly now?: () => number;
  /** How often it is looked whether somebody had a place for too long, in milliseconds. */
  readonly checkMs?: number;
}

interface Holder {
  readonly network: string;
  readonly since: number;
  readonly over: AbortController;
}

interface Waiter {
  readonly network: string;
  readonly milliseconds: number;
  readonly enter: () => void;
}

const TURN_OVER = "FETCH_TURN_OVER";

/** The first turn of a download; every further one is twice as long. */
export const FIRST_TURN_MS = 1_000;

/**
 * Shares what can be fetched at once between all who are asked. Servers of one network have few places, and who waits for a place gets that of
 * whoever had it for as long as the one who waits asks for: a server that is slow, on purpose or not, goes on at the end, with longer
 * turns once the quick ones are done. Nobody can hold up the others, at any rate of bytes.
 */
export const openFetchTurns = ({
  places = 32,
  perNetwork = 4,
  now = () => performance.now(),
  checkMs = FIRST_TURN_MS / 4,
}: FetchTurnsOptions = {}): FetchTurns => {
  const held = new Set<Holder>();
  let waiting: Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;

  const heldBy = (network: string) => [...held].filter((holder) => holder.network === network).length;
  const mayEnter = ({ network }: Waiter) => held.size < places && heldBy(network) < perNetwork;

  const letIn = () => {
    for (const waiter of [...waiting]) if (mayEnter(waiter)) waiter.enter();
    if (waiting.length === 0) clearInterval(timer);
  };

  /** Ends the turn that has lasted longest, of those whose place would let the waiter in. */
  const makeRoom = ({ network, milliseconds }: Waiter) => {
    const isFull = heldBy(network) >= perNetwork;
    const suited = [...held].filter((holder) => (!isFull || holder.network === network) && !holder.over.signal.aborted);
    const [longest] = suited.sort((a, b) => a.since - b.since);
    if (longest && now() - longest.since >= milliseconds) longest.over.abort(turnOver());
  };

  const enqueue = (waiter: Waiter) => {
    const after = waiting.findIndex(({ milliseconds }) => milliseconds > waiter.milliseconds);
    waiting.splice(after < 0 ? waiting.length : after, 0, waiter);
    clearInterval(timer);
    timer = setInterval(() => {
      for (const one of waiting) makeRoom(one);
    }, checkMs);
  };

  return {
    take: ({ network, milliseconds, signal }) =>
      new Promise((resolve, reject) => {
        const leave = () => {
          waiting = waiting.filter((other) => other !== waiter);
          heard?.();
        };
        const waiter: Waiter = {
          network,
          milliseconds,
          enter: () => {
            leave();
            const holder: Holder = { network, since: now(), over: new AbortController() };
            held.add(holder);
            const release = () => {
              if (held.delete(holder)) letIn();
            };
            resolve({ over: holder.over.signal, release });
          },
        };
        if (signal?.aborted) return reject(signal.reason);
        const heard =
          signal &&
          onAbort(signal, () => {
            leave();
            letIn();
            reject(signal.reason);
          });
        enqueue(waiter);
        letIn();
      }),
  };
};

/** What ends a turn. */
export const turnOver = (): BlockZeroError =>
  new BlockZeroError(TURN_OVER, "others wait to be asked", "it goes on in its next turn");

/** Whether a download was cut for nothing but the end of its turn. */
export const isTurnOver = (thrown: unknown): boolean => hasCode(thrown, TURN_OVER);
