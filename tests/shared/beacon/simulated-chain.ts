import { neuronOf } from "#bench/dashboard/neuron.js";
import type { Neuron } from "#shared/chain/chain.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { SimulatedCrypto } from "./crypto.js";

export const NETWORK = sha256(Buffer.from("a network"));
export const NETUID = 7;
/** 26 blocks: seals in 28 to 33, held records in 40 to 43, the deciding block 45. */
export const PHASES = { distribute: 2, train: 12, commit: 4, reveal: 4, evaluate: 1, exchange: 1, choose: 1, merge: 1 };
export const CYCLE = 1;
/** The last block before seals. */
export const OPENING = 27;
export const VOTING = { silent_after: 8, quorum: 0.25 };

export interface SimulatedNeuron {
  readonly uid: number;
  readonly hotkey: string;
  readonly stake: bigint;
}

export interface ChainPlan {
  readonly crypto: SimulatedCrypto;
  /** Milliseconds, by block. */
  readonly times: readonly number[];
  readonly neurons: readonly SimulatedNeuron[];
  /** From which block on the chain has a round's pulse. Infinity: never. */
  readonly pulseFrom: (round: number) => number;
  /** Another hash of some blocks. */
  readonly hashes?: ReadonlyMap<number, string>;
}

/** A chain that has what a beacon reads up to its newest block, and counts the reads. */
export const simulatedChain = ({ crypto, times, neurons, pulseFrom, hashes }: ChainPlan) => {
  const records: { readonly hotkey: string; readonly data: string; readonly block: number }[] = [];
  let reads = 0;
  let head = Number.POSITIVE_INFINITY;
  const counted = <T>(block: number, value: T): Promise<T> => {
    reads++;
    return block > head ? Promise.reject(new Error(`block ${block} is not there yet`)) : Promise.resolve(value);
  };
  return {
    reads: () => reads,
    /** From now on the newest block. */
    grow: (block: number) => {
      head = block;
    },
    put: (block: number, hotkey: string, data: string) => records.push({ hotkey, data, block }),
    chain: {
      blockHash: (block: number) => counted(block, hashes?.get(block) ?? sha256(Buffer.from(`block ${block}`))),
      timestamp: (block: number) => counted(block, times[block]!),
      pulse: (round: number, at = Number.POSITIVE_INFINITY) =>
        counted(at, at >= pulseFrom(round) ? crypto.pulse(round) : null),
      metagraph: (netuid: number, at = 0) =>
        counted(at, { netuid, block: at, ownerHotkey: "", neurons: neurons.map((one) => simulatedNeuron(one)) }),
      commitments: (_: number, at = Number.POSITIVE_INFINITY) => {
        const latest = new Map<string, (typeof records)[number]>();
        for (const record of [...records].sort((a, b) => a.block - b.block))
          if (record.block <= at) latest.set(record.hotkey, record);
        return counted(at, [...latest.values()]);
      },
    },
  };
};

export const simulatedNeuron = ({ uid, hotkey, stake }: SimulatedNeuron): Neuron =>
  neuronOf({ uid, hotkey, stake, validatorPermit: stake > 0n });
