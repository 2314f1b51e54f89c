import type { ServedAxon } from "#shared/chain/chain.js";
import type { Genesis, HyperParameterSpec } from "#shared/chain/devchain/genesis.js";
import type { EpochFigures, U16Row } from "#shared/chain/yuma/epoch.js";

/** With the results of the last epoch. Its uid is its index in the subnet. */
export interface NeuronState extends EpochFigures {
  readonly hotkey: string;
  readonly coldkey: string;
  readonly registeredAt: number;
  readonly lastUpdate: number;
  readonly weights: U16Row;
}

export interface CommitmentState {
  readonly data: string;
  readonly block: number;
  /** Bytes written in the tempo of the last commitment. */
  readonly space: { readonly epoch: number; readonly used: number };
}

/** The hash of weights that their hotkey will reveal. */
export interface HashedWeights {
  /** 64 hex digits. */
  readonly hash: string;
  readonly block: number;
}

/** Weights that the beacon's pulse of a round reveals. */
export interface TimelockedWeights {
  readonly hotkey: string;
  /** Hex. */
  readonly ciphertext: string;
  readonly round: number;
  readonly block: number;
}

/** Registrations by burn, counted against their limits. */
export interface Registrations {
  readonly block: number;
  readonly inBlock: number;
  /** Block of the last adjustment of the price, which is the start of the interval. */
  readonly intervalStart: number;
  readonly inInterval: number;
}

export interface SubnetState {
  readonly netuid: number;
  readonly ownerHotkey: string;
  readonly hyperParameters: HyperParameterSpec;
  readonly neurons: readonly NeuronState[];
  /** By hotkey. Remains after the registration ends. */
  readonly stakes: ReadonlyMap<string, bigint>;
  /** By hotkey. Remains after the registration ends. */
  readonly commitments: ReadonlyMap<string, CommitmentState>;
  /** By hotkey. */
  readonly axons: ReadonlyMap<string, ServedAxon>;
  /** By hotkey, oldest first. */
  readonly hashedWeights: ReadonlyMap<string, readonly HashedWeights[]>;
  /** By the number of the tempo of their commitment, oldest first. */
  readonly timelockedWeights: ReadonlyMap<number, readonly TimelockedWeights[]>;
  /** Since the last epoch, without the owner's cut. */
  readonly pendingEmission: bigint;
  readonly pendingOwnerCut: bigint;
  readonly registrations: Registrations;
}

/** The whole chain after a block. Immutable: what a block does not change is shared with its parent's state. */
export interface ChainState {
  readonly genesis: Genesis;
  /** Hash of block 0. */
  readonly genesisHash: string;
  readonly block: number;
  readonly blockHash: string;
  readonly timestamp: number;
  readonly subnets: ReadonlyMap<number, SubnetState>;
  readonly nonces: ReadonlyMap<string, number>;
  readonly balances: ReadonlyMap<string, bigint>;
  /** Coldkey by hotkey. */
  readonly owners: ReadonlyMap<string, string>;
}

export const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> =>
  new Map(map).set(key, value);

export const withoutEntry = <K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> => {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
};

export const withSubnet = (state: ChainState, subnet: SubnetState): ChainState => ({
  ...state,
  subnets: withEntry(state.subnets, subnet.netuid, subnet),
});

export const uidOf = (subnet: SubnetState, hotkey: string): number | undefined => {
  const uid = subnet.neurons.findIndex((neuron) => neuron.hotkey === hotkey);
  return uid < 0 ? undefined : uid;
};

export const freshNeuron = (hotkey: string, coldkey: string, block: number): NeuronState => ({
  hotkey,
  coldkey,
  registeredAt: block,
  lastUpdate: block,
  permit: false,
  active: true,
  rank: 0,
  trust: 0,
  consensus: 0,
  incentive: 0,
  dividends: 0,
  validatorTrust: 0,
  emission: 0n,
  pruningScore: 0,
  weights: [],
  bonds: [],
});
