import { reasonOf } from "#shared/errors/error.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { makeLasting } from "./make-lasting.js";
import type { Participant } from "./participant.js";

/** A block whose state decides, and which one that was when it was read. */
export interface DecidingBlock {
  readonly block: number;
  readonly hash: string;
}

/** What was read in the state of a block that decides. */
export interface Decided<T> extends DecidingBlock {
  readonly value: T;
}

/**
 * Reads what the state of a block decides, and by which block of that number. It is often read while the block is the newest one, which a fork may
 * replace: whoever puts on chain what follows from it, or remembers it for good, asks `isReplaced` right before.
 *
 * @throws what reading the chain throws
 */
export const readDecided = async <T>(
  { chain }: { readonly chain: Pick<Participant["chain"], "blockHash"> },
  block: number,
  read: () => Promise<T>,
): Promise<Decided<T>> => {
  for (let hash = await chain.blockHash(block); ; ) {
    const value = await read();
    const now = await chain.blockHash(block);
    if (now === hash) return { value, block, hash };
    hash = now;
  }
};

/** Whether the chain has another block there now. False where it cannot be asked. */
export const isReplaced = async (
  { chain, log, signal }: Pick<Participant, "chain" | "log" | "signal">,
  { block, hash }: DecidingBlock,
): Promise<boolean> => {
  try {
    return (await chain.blockHash(block)) !== hash;
  } catch (thrown) {
    signal.throwIfAborted();
    log.warn("a block that decides cannot be asked for again", { block, reason: reasonOf(thrown) });
    return false;
  }
};

export interface LastingOptions {
  /** What is made. */
  readonly what: string;
  /** The block whose state decides on it, which is on chain. */
  readonly block: number;
  /** The block at which it is about to go on chain. */
  readonly checkAt: number;
}

/**
 * What follows from the state of a block, as the chain has it when it is about to go on chain: made again where a fork replaced the block meanwhile.
 *
 * @throws what reading the block and making it throw
 */
export const lastingAtBlock = async <T>(
  participant: Pick<Participant, "chain" | "clock" | "log" | "signal">,
  { what, block, checkAt }: LastingOptions,
  make: () => Promise<T>,
): Promise<T> => {
  const { chain, clock, log, signal } = participant;
  const { value } = await makeLasting({
    make: async () => ({ hash: await chain.blockHash(block), value: await make() }),
    isInForce: async ({ hash }) => {
      await clock.reach(checkAt, signal);
      return !(await isReplaced(participant, { block, hash }));
    },
    onReplaced: () => log.warn("made again: a fork replaced the block that decides", { what, block }),
  });
  return value;
};

/** Most blocks of a window, and greatest share of it, that a record waits to see whether the block before the window lasts. */
const MAX_WAIT = 2;
const WAIT_SHARE = 1 / 4;

/** The block up to which a record waits that follows from the state right before its window: in a short window it goes at once. */
export const lastingFrom = ({ start, end }: BlockRange): number =>
  start - 1 + Math.min(MAX_WAIT, Math.floor((end - start) * WAIT_SHARE));

/**
 * The blocks of a window in which a record takes the place of none that counts in the state of block `decided`, which is before the window's last: a
 * fork may replace that block while it is the newest, and what waits to be included then would be in its state.
 */
export const lastingAfter = ({ start, end }: BlockRange, decided: number): BlockRange => ({
  start: Math.max(start, lastingFrom({ start: decided + 1, end }) + 1),
  end,
});
