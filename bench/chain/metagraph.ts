import type { Chain } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import { timed } from "./blocks.js";
import { startCountingProxy, type Traffic } from "./counting-proxy.js";
import { NEURONS } from "./full-subnet.js";

/** A metagraph, read through the client. */
export interface MetagraphRead extends Traffic {
  /** Milliseconds, one a read, each of another block's state. */
  readonly fresh: readonly number[];
  /** The same block's once more, which a node may remember. */
  readonly again: readonly number[];
}

/** @param newBlock so that the node has a state that nobody has asked for */
export const measureMetagraph = async (
  { chain, endpoint, netuid }: { readonly chain: Chain; readonly endpoint: string; readonly netuid: number },
  { reads, newBlock }: { readonly reads: number; readonly newBlock: () => Promise<unknown> },
): Promise<MetagraphRead> => {
  const read = async () => {
    const { neurons } = await chain.metagraph(netuid);
    if (neurons.length !== NEURONS) throw new TypeError(`the metagraph has ${neurons.length} neurons`);
  };
  const fresh: number[] = [];
  const again: number[] = [];
  // The first one finds nothing compiled.
  await read();
  for (let i = 0; i < reads; i++) {
    await newBlock();
    fresh.push(await timed(read));
    again.push(await timed(read));
  }
  return { fresh, again, ...(await trafficOf(endpoint, netuid)) };
};

const trafficOf = async (target: string, netuid: number): Promise<Traffic> => {
  const proxy = await startCountingProxy(target);
  const chain = await connectChain({ endpoint: proxy.endpoint, timeoutMs: 60_000, staleMs: 600_000 });
  try {
    // What was asked at the connection is answered.
    await chain.head();
    proxy.take();
    await chain.metagraph(netuid);
    return proxy.take();
  } finally {
    await chain.close();
    await proxy.close();
  }
};
