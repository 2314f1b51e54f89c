import type { Signer } from "#shared/protocol/signer.js";
import type { ChainCall, PreparedExtrinsic } from "../call.js";
import type { Chain, Commitment, Head, Neuron, PendingWeights, ServedAxon, WeightRow } from "../chain.js";
import { ciphertextHash, weightsCommitHash } from "../weights/payload.js";
import { maxUpscaleU16 } from "../yuma/fixed-point.js";

/**
 * A chain that is read and never written: every extrinsic is printed instead of sent. The caller sees the next block with it (commitments,
 * axons, weights in every mode), so whole cycles run as they would. Nobody else sees it, and it is forgotten when the program ends.
 */
export const dryRun = (chain: Chain, print: (extrinsic: PreparedExtrinsic) => void): Chain => {
  const commitments = remembered<Commitment>();
  const axons = remembered<ServedAxon>();
  const updates = remembered<{ readonly block: number }>();
  const rows = remembered<{ readonly block: number; readonly weights: WeightRow["weights"] }>();
  const pending = new Map<string, readonly PretendedWeights[]>();

  const pretend = async (call: ChainCall, signer: Signer, block: number): Promise<void> => {
    if (!("netuid" in call.args)) return;
    const { netuid } = call.args;
    const key = keyOf(netuid, signer.address);
    const commit = async (hash: string, round?: number) => {
      const reveal = await revealBlocks(chain, netuid, block);
      const entry = { hash, block, reveal: round === undefined ? reveal : { round }, until: reveal.last };
      pending.set(key, [...(pending.get(key) ?? []), entry].slice(-KEPT));
      updates.add(key, { block });
    };
    switch (call.name) {
      case "setCommitment":
        return commitments.add(key, { hotkey: signer.address, data: call.args.data, block });
      case "serveAxon":
        return axons.add(key, { ip: call.args.ip, port: call.args.port, block });
      case "setWeights":
        updates.add(key, { block });
        return rows.add(key, { block, weights: rowOf(call.args.dests, call.args.weights) });
      case "commitWeights":
        return commit(call.args.commit);
      case "commitTimelockedWeights":
        return commit(ciphertextHash(Buffer.from(call.args.commit, "hex")), call.args.revealRound);
      case "revealWeights": {
        const hash = weightsCommitHash({ ...call.args, hotkey: signer.publicKey });
        const all = pending.get(key) ?? [];
        pending.set(key, all.slice(all.findIndex((entry) => entry.hash === hash) + 1));
        return rows.add(key, { block, weights: rowOf(call.args.uids, call.args.values) });
      }
    }
  };

  return {
    ...chain,
    submit: async (call, signer) => {
      print(await chain.prepare(call, signer));
      const { number, hash } = await nextHead(chain);
      await pretend(call, signer, number);
      return { block: number, blockHash: hash };
    },
    commitments: async (netuid, at) => {
      const own = commitments.all(netuid, at);
      const written = new Set(own.map(({ hotkey }) => hotkey));
      return [...(await chain.commitments(netuid, at)).filter(({ hotkey }) => !written.has(hotkey)), ...own];
    },
    metagraph: async (netuid, at) => {
      const metagraph = await chain.metagraph(netuid, at);
      const changed = (neuron: Neuron): Neuron => {
        const key = keyOf(netuid, neuron.hotkey);
        const lastUpdate = Math.max(neuron.lastUpdate, updates.newest(key, at)?.block ?? 0);
        return { ...neuron, lastUpdate, axon: axons.newest(key, at) ?? neuron.axon };
      };
      return { ...metagraph, neurons: metagraph.neurons.map(changed) };
    },
    weights: async (netuid, at) => {
      const [{ neurons }, shown] = await Promise.all([chain.metagraph(netuid, at), chain.weights(netuid, at)]);
      return neurons.flatMap(({ uid, hotkey }) => {
        const row = rows.newest(keyOf(netuid, hotkey), at) ?? shown.find((other) => other.uid === uid);
        return row && row.weights.length > 0 ? [{ uid, weights: row.weights }] : [];
      });
    },
    pendingWeights: async (netuid, hotkey) => {
      const [{ number }, shown] = await Promise.all([chain.head(), chain.pendingWeights(netuid, hotkey)]);
      const own = (pending.get(keyOf(netuid, hotkey)) ?? []).filter(({ until }) => number <= until);
      return [...shown, ...own.map(({ hash, block, reveal }) => ({ hash, block, reveal }))];
    },
  };
};

/** Weights that were not committed. After the block `until` nobody would reveal them any more. */
type PretendedWeights = PendingWeights & { readonly until: number };

/** Number of entries kept per key and kind: more than any caller asks for. */
const KEPT = 64;

const keyOf = (netuid: number, hotkey: string): string => `${netuid}/${hotkey}`;

/** The writes that were not sent, by key, oldest first. */
const remembered = <T extends { readonly block: number }>() => {
  const byKey = new Map<string, readonly T[]>();
  const newest = (key: string, at = Number.POSITIVE_INFINITY): T | undefined =>
    byKey.get(key)?.findLast(({ block }) => block <= at);
  return {
    add: (key: string, entry: T): void => void byKey.set(key, [...(byKey.get(key) ?? []), entry].slice(-KEPT)),
    newest,
    /** The newest entry of every key of a subnet. */
    all: (netuid: number, at?: number): readonly T[] =>
      [...byKey.keys()].flatMap((key) => (key.startsWith(keyOf(netuid, "")) ? (newest(key, at) ?? []) : [])),
  };
};

const rowOf = (uids: readonly number[], values: readonly number[]): WeightRow["weights"] => {
  const stored = maxUpscaleU16(values);
  return uids.map((uid, i) => [uid, stored[i]!] as const);
};

/** The blocks in which weights of a block would be revealed. */
const revealBlocks = async (
  chain: Chain,
  netuid: number,
  block: number,
): Promise<{ readonly first: number; readonly last: number }> => {
  const [next, parameters] = await Promise.all([chain.nextEpoch(netuid), chain.hyperParameters(netuid)]);
  const { tempo, epochLength, revealPeriod } = parameters;
  // An epoch of tempo + 1 blocks runs in its last block, an epoch of tempo blocks in the first block of the next.
  const end = epochLength > tempo ? next : next - 1;
  const ownEnd = end - Math.floor((end - block) / epochLength) * epochLength;
  const first = ownEnd + 1 + (revealPeriod - 1) * epochLength;
  return { first, last: first + epochLength - 1 };
};

/** Rejects if the chain is lost meanwhile. */
const nextHead = async (chain: Chain): Promise<Head> => {
  const over = new AbortController();
  try {
    return await new Promise((resolve) => chain.onHead(resolve, over.signal));
  } finally {
    over.abort();
  }
};

/** One extrinsic on one line, for people and for tools that decode it. */
export const formatExtrinsic = ({ call, signer, nonce, hash, bytes }: PreparedExtrinsic): string =>
  `would send ${call.name} as ${signer}, nonce ${nonce}, hash ${hash}: ${bytes}`;
