import type { Chain } from "#shared/chain/chain.js";
import { BlockZeroError } from "#shared/errors/error.js";

/** What a cycle is read from. */
type Reads = Pick<
  Chain,
  "head" | "finalized" | "metagraph" | "commitments" | "weights" | "blockHash" | "timestamp" | "pulse"
>;

/** A chain whose past states are read once. */
export interface RememberedChain {
  readonly chain: Chain;
  /** Reads that reached the node since the start. */
  readonly reads: () => number;
}

/**
 * Keeps what was read last, by block, and counts what goes to the node. Ask only for blocks that can no longer be reverted; what is read without
 * a block is not kept.
 *
 * @param kept answers that are kept
 */
export const rememberedChain = (chain: Chain, kept: () => number): RememberedChain => {
  const known = new Map<string, Promise<unknown>>();
  let reads = 0;
  const counted = <T>(read: () => Promise<T>): Promise<T> => {
    reads += 1;
    return read();
  };
  const once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const found = known.get(key) as Promise<T> | undefined;
    const result = found ?? counted(read);
    known.delete(key);
    known.set(key, result);
    const [oldest] = known.keys();
    if (known.size > kept() && oldest !== undefined) known.delete(oldest);
    if (!found) result.catch(() => known.delete(key));
    return result;
  };
  const reading: Reads = {
    head: () => counted(() => chain.head()),
    finalized: () => counted(() => chain.finalized()),
    metagraph: (netuid, at) =>
      at === undefined
        ? counted(() => chain.metagraph(netuid))
        : once(`metagraph ${netuid} ${at}`, () => chain.metagraph(netuid, at)),
    commitments: (netuid, at) =>
      at === undefined
        ? counted(() => chain.commitments(netuid))
        : once(`commitments ${netuid} ${at}`, () => chain.commitments(netuid, at)),
    weights: (netuid, at) =>
      at === undefined
        ? counted(() => chain.weights(netuid))
        : once(`weights ${netuid} ${at}`, () => chain.weights(netuid, at)),
    blockHash: (block) => once(`hash ${block}`, () => chain.blockHash(block)),
    timestamp: (block) => once(`time ${block}`, () => chain.timestamp(block)),
    // A pulse that is not there yet may come.
    pulse: (round, at) => counted(() => chain.pulse(round, at)),
  };
  return { chain: { ...chain, ...reading, ...READ_ONLY }, reads: () => reads };
};

const refuse = (): never => {
  throw new BlockZeroError("USAGE", "the dashboard only reads", "write with another command");
};

const READ_ONLY = { prepare: async () => refuse(), submit: async () => refuse() };
