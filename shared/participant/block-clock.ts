import type { Chain, Head } from "#shared/chain/chain.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { onAbort } from "#shared/util/on-abort.js";

/** Time as participants know it: the number of the newest block. */
export interface BlockClock {
  /** The newest head seen. */
  readonly head: Head;
  /** Resolves with the first head whose number is at least `block`, at once if it is already here. Rejects on abort. */
  reach(block: number, signal: AbortSignal): Promise<Head>;
  /** Calls back on every head until the signal aborts. */
  onHead(callback: (head: Head) => void, signal: AbortSignal): void;
}

/** A clock driven by the chain's heads, running until the signal aborts. */
export const startBlockClock = async (chain: Chain, signal: AbortSignal): Promise<BlockClock> => {
  let head = await chain.head();
  const listeners = new Set<(head: Head) => void>();
  chain.onHead((next) => {
    head = next;
    for (const listener of [...listeners]) listener(next);
  }, signal);

  const listen = (listener: (head: Head) => void, until: AbortSignal) => {
    listeners.add(listener);
    onAbort(until, () => listeners.delete(listener));
  };

  return {
    get head() {
      return head;
    },
    onHead: listen,
    reach: (block, until) =>
      new Promise((resolve, reject) => {
        if (until.aborted) return reject(stopped(until));
        if (head.number >= block) return resolve(head);
        const listener = (next: Head) => {
          if (next.number < block) return;
          listeners.delete(listener);
          heard();
          resolve(next);
        };
        const heard = onAbort(until, () => {
          listeners.delete(listener);
          reject(stopped(until));
        });
        listeners.add(listener);
      }),
  };
};

/** Why the wait ended: the fault that stopped the participant, if there is one. */
const stopped = ({ reason }: AbortSignal): BlockZeroError =>
  reason instanceof BlockZeroError
    ? reason
    : new BlockZeroError("STOPPED", "the program is stopping", "start it again to go on");
