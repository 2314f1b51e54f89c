import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import { onAbort } from "#shared/util/on-abort.js";

/** The right to use a place for asking one server. */
export interface FetchTurn {
  /** Aborts when another request should get the place. Received bytes stay, and the rest is for a later turn. */
  readonly over: AbortSignal;
  release(): void;
}

export interface TurnRequest {
  /** The network of the server: an IPv4 address, or an IPv6 network. */
  readonly network: string;
  /** Milliseconds that this turn may last while others wait for shorter turns. The request for the shortest turn goes first. */
  readonly milliseconds: number;
  /**
   * Milliseconds that its location costs in vain, as they are now: also while it has its turn. Of one network, who costs least has the places: locations are
   * of whoever says so, and may name another's address. Default: 0.
   */
  readonly costMs?: (() => number) | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface FetchTurns {
  /** @throws the signal's reason */
  take(request: TurnRequest): Promise<FetchTurn>;
}

export interface FetchTurnsOptions {
  /** Number of servers that are asked at the same time. */
  readonly places?: number;
  /** Number of these places for one network, however many names, ports and hotkeys it has. */
  readonly perNetwork?: number;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
  /** Interval at which turns that are too long are looked for, in milliseconds. */
  readonly checkMs?: number;
}

interface Holder {
  readonly network: string;
  readonly costMs: () => number;
  readonly since: number;
  readonly over: AbortController;
}

interface Waiter {
  readonly network: string;
  readonly costMs: () => number;
  readonly milliseconds: number;
  readonly enter: () => void;
}

const TURN_OVER = "FETCH_TURN_OVER";

/** Milliseconds of a download's first turn. Every further turn is twice as long. */
export const FIRST_TURN_MS = 1_000;

/**
 * Shares a limited number of places among the servers that are asked. The servers of one network have few places. A waiting request gets
 * the place of a turn that has already lasted as long as the request asks for. So a slow server, whether on purpose or not, continues at
 * the end, with longer turns, after the fast ones are done. No server can delay the others, at any rate of bytes. Nor can those who announce its address as theirs, where
 * nothing answers: once that has cost a turn, its own locations go first, and keep their places.
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
  const isFirst = ({ network, costMs }: Waiter) =>
    waiting.every((other) => other.network !== network || other.costMs() >= costMs());
  const mayEnter = (waiter: Waiter) => held.size < places && heldBy(waiter.network) < perNetwork && isFirst(waiter);

  const letIn = () => {
    for (let next = waiting.find(mayEnter); next; next = waiting.find(mayEnter)) next.enter();
    if (waiting.length === 0) clearInterval(timer);
  };

  /** Ends the longest of the turns whose place the waiting request could use: of its network, who costs more gives way after a first turn. */
  const makeRoom = (waiter: Waiter) => {
    const { network, costMs, milliseconds } = waiter;
    if (!isFirst(waiter)) return;
    const isFull = heldBy(network) >= perNetwork;
    const suited = [...held].filter((holder) => {
      const isOfIt = holder.network === network;
      const enough = isOfIt && holder.costMs() > costMs() ? Math.min(milliseconds, FIRST_TURN_MS) : milliseconds;
      const mayEnd = isOfIt ? holder.costMs() >= costMs() : !isFull;
      return mayEnd && !holder.over.signal.aborted && now() - holder.since >= enough;
    });
    const [longest] = suited.sort((a, b) => a.since - b.since);
    longest?.over.abort(turnOver());
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
    take: ({ network, milliseconds, costMs = () => 0, signal }) =>
      new Promise((resolve, reject) => {
        const leave = () => {
          waiting = waiting.filter((other) => other !== waiter);
          heard?.();
        };
        const waiter: Waiter = {
          network,
          costMs,
          milliseconds,
          enter: () => {
            leave();
            const holder: Holder = { network, costMs, since: now(), over: new AbortController() };
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

/** The reason with which a turn ends. */
export const turnOver = (): BlockZeroError =>
  new BlockZeroError(TURN_OVER, "others wait to be asked", "it goes on in its next turn");

/** Whether a download was interrupted only because its turn ended. */
export const isTurnOver = (thrown: unknown): boolean => hasCode(thrown, TURN_OVER);
