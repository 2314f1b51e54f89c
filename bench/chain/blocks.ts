import { setCommitment } from "#shared/chain/call.js";
import type { DevchainClient } from "#shared/chain/devchain/client.js";
import type { Signer } from "#shared/protocol/signer.js";
import { NETUID, toEpoch, whenWaiting } from "./full-subnet.js";

/** How fast a devchain takes extrinsics and builds blocks; milliseconds, one a round. */
export interface BlockTimes {
  /** Extrinsics of a round: one a neuron. */
  readonly extrinsics: number;
  /** Signed by the client, sent, checked by the node, waiting for a block. */
  readonly accepted: readonly number[];
  /** From the first signature to the last receipt: accepted, checked again in their block, executed, on disk, reported. */
  readonly included: readonly number[];
  /** A block of them all. */
  readonly full: readonly number[];
  /** A block of none. */
  readonly empty: readonly number[];
  /** A block that runs the subnet's epoch. */
  readonly epoch: readonly number[];
}

const EMPTY_A_ROUND = 10;

/** Every neuron commits at once, once a round; then blocks of nothing, then one of an epoch. */
export const measureBlocks = async (
  chain: DevchainClient,
  keys: readonly Signer[],
  rounds: number,
): Promise<BlockTimes> => {
  const found: Record<"accepted" | "included" | "full" | "empty" | "epoch", number[]> = {
    accepted: [],
    included: [],
    full: [],
    empty: [],
    epoch: [],
  };
  const nonces = await Promise.all(keys.map(({ address }) => chain.nonce(address)));
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const written = keys.map((key, uid) => chain.submit(setCommitment(NETUID, `round ${round} of uid ${uid}`), key));
    for (const [uid, key] of keys.entries()) await whenWaiting(chain, [key], nonces[uid]! + round + 1);
    found.accepted.push(performance.now() - started);
    found.full.push(await timed(() => chain.newBlocks(1)));
    await Promise.all(written);
    found.included.push(performance.now() - started);
    for (let i = 0; i < EMPTY_A_ROUND; i++) found.empty.push(await timed(() => chain.newBlocks(1)));
    await toEpoch(chain);
    found.epoch.push(await timed(() => chain.newBlocks(1)));
  }
  return { extrinsics: keys.length, ...found };
};

export const timed = async (work: () => unknown): Promise<number> => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};
