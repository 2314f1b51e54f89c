import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { isChainFault } from "#shared/chain/chain-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import type { Participant } from "./participant.js";

type Clocked = Pick<Participant, "clock" | "signal">;

/** How long something is asked for. */
export interface Patience {
  /** Aborts when the wait is over. */
  readonly until: AbortSignal;
  /** Block at which it is over. Nothing is asked for again in the last block before. */
  readonly deadline: number;
}

/** Whether something is asked for once more that was asked for at block `tried`. */
export const isTimeLeft = ({ until, deadline }: Patience, tried: number): boolean =>
  !until.aborted && tried < deadline - 1;

/** Reads at every block until all of it is there. What was there when the wait is over is the result. */
export const readUntilWhole = async <T extends { readonly isWhole: boolean }>(
  { clock, signal }: Clocked,
  patience: Patience,
  read: () => Promise<T>,
): Promise<T> => {
  for (;;) {
    const tried = clock.head.number;
    const result = await read();
    if (result.isWhole || !isTimeLeft(patience, tried)) return result;
    await clock.reach(tried + 1, signal);
  }
};

/**
 * Does work, once more at the next block after each fault that may pass.
 *
 * @param mayPass is told the fault, and the block at which the work was begun
 * @throws any other fault; that the signal aborted
 */
export const againAtBlocks = async <T>(
  { clock, signal }: { readonly clock: Pick<Clocked["clock"], "head" | "reach">; readonly signal: AbortSignal },
  mayPass: (thrown: unknown, tried: number) => boolean,
  work: () => Promise<T>,
): Promise<T> => {
  for (;;) {
    const tried = clock.head.number;
    try {
      return await work();
    } catch (thrown) {
      signal.throwIfAborted();
      if (!mayPass(thrown, tried)) throw thrown;
    }
    await clock.reach(tried + 1, signal);
  }
};

/**
 * Asks for a file at every block until somebody sends it: gives what came, or why nothing did. A chain that does not
 * answer is asked again as well. Any other fault ends the wait.
 */
export const askAtEveryBlock = async <T>(
  waiting: Clocked,
  patience: Patience,
  ask: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly reason: string }> => {
  const mayPass = (thrown: unknown, tried: number) =>
    (isFetchFault(thrown) || isChainFault(thrown)) && isTimeLeft(patience, tried);
  try {
    return { value: await againAtBlocks(waiting, mayPass, ask) };
  } catch (thrown) {
    waiting.signal.throwIfAborted();
    return { reason: reasonOf(thrown) };
  }
};
