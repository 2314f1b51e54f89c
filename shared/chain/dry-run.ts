import type { PreparedExtrinsic } from "./call.js";
import type { Chain, Commitment, Head, Neuron } from "./chain.js";

/**
 * A chain that is read and never written: what would be sent is printed. Its caller sees the next block hold it, so that a whole cycle
 * runs as it would; nobody else does.
 */
export const dryRun = (chain: Chain, print: (extrinsic: PreparedExtrinsic) => void): Chain => {
  const commitments = new Map<string, Commitment>();
  const lastUpdates = new Map<string, number>();
  const axons = new Map<string, NonNullable<Neuron["axon"]>>();
  const keyOf = (netuid: number, hotkey: string) => `${netuid}/${hotkey}`;

  const pretend = ({ call, signer }: PreparedExtrinsic, block: number): void => {
    const key = "netuid" in call.args ? keyOf(call.args.netuid, signer) : signer;
    switch (call.name) {
      case "setCommitment":
        commitments.set(key, { hotkey: signer, data: call.args.data, block });
        return;
      case "setWeights":
      case "commitWeights":
      case "commitTimelockedWeights":
        lastUpdates.set(key, block);
        return;
      case "serveAxon":
        axons.set(key, { ip: call.args.ip, port: call.args.port });
        return;
    }
  };
  const isPast = (block: number, at: number | undefined) => at !== undefined && at < block;

  return {
    ...chain,
    submit: async (call, signer) => {
      const prepared = await chain.prepare(call, signer);
      print(prepared);
      const { number, hash } = await nextHead(chain);
      pretend(prepared, number);
      return { block: number, blockHash: hash };
    },
    commitments: async (netuid, at) => {
      const shown = (await chain.commitments(netuid, at)).filter(({ hotkey }) => {
        const own = commitments.get(keyOf(netuid, hotkey));
        return !own || isPast(own.block, at);
      });
      const own = [...commitments].flatMap(([key, entry]) =>
        key === keyOf(netuid, entry.hotkey) && !isPast(entry.block, at) ? [entry] : [],
      );
      return [...shown, ...own];
    },
    metagraph: async (netuid, at) => {
      const metagraph = await chain.metagraph(netuid, at);
      return {
        ...metagraph,
        neurons: metagraph.neurons.map((neuron) => {
          const key = keyOf(netuid, neuron.hotkey);
          const updated = lastUpdates.get(key) ?? 0;
          return {
            ...neuron,
            lastUpdate: isPast(updated, at) ? neuron.lastUpdate : Math.max(neuron.lastUpdate, updated),
            axon: axons.get(key) ?? neuron.axon,
          };
        }),
      };
    },
  };
};

/** Rejects when the chain is lost meanwhile. */
const nextHead = async (chain: Chain): Promise<Head> => {
  const over = new AbortController();
  try {
    return await new Promise((resolve) => chain.onHead(resolve, over.signal));
  } finally {
    over.abort();
  }
};

/** One extrinsic on one line, for a person and for whoever decodes it. */
export const formatExtrinsic = ({ call, signer, nonce, hash, bytes }: PreparedExtrinsic): string =>
  `would send ${call.name} as ${signer}, nonce ${nonce}, hash ${hash}: ${bytes}`;
