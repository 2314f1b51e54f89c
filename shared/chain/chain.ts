import type { Signer } from "#shared/protocol/signer.js";
import type { Axon, ChainCall, PreparedExtrinsic } from "./call.js";

export interface Head {
  readonly number: number;
  /** 64 hex digits, no prefix. */
  readonly hash: string;
  /** Milliseconds since the epoch, by the chain's clock. */
  readonly timestamp: number;
}

export interface Neuron {
  readonly uid: number;
  readonly hotkey: string;
  readonly coldkey: string;
  /** In the smallest unit. */
  readonly stake: bigint;
  readonly validatorPermit: boolean;
  /** Whether its weights are recent enough to count in the epoch. */
  readonly active: boolean;
  /** u16-normalised shares of the last epoch, as fractions 0–1. */
  readonly rank: number;
  readonly trust: number;
  readonly validatorTrust: number;
  readonly incentive: number;
  readonly consensus: number;
  readonly dividends: number;
  /** Paid by the last epoch, in the smallest unit. */
  readonly emission: bigint;
  /** Block in which its weights were last set, or of its registration. */
  readonly lastUpdate: number;
  readonly registeredAt: number;
  readonly axon: ServedAxon | null;
}

export interface ServedAxon extends Axon {
  /** Block of its announcement. */
  readonly block: number;
}

export interface Metagraph {
  readonly netuid: number;
  readonly block: number;
  readonly ownerHotkey: string;
  readonly neurons: readonly Neuron[];
}

export interface Commitment {
  readonly hotkey: string;
  /** UTF-8 text, at most 128 bytes. */
  readonly data: string;
  /** Block that included it. */
  readonly block: number;
}

export interface WeightRow {
  readonly uid: number;
  /** [uid, u16] pairs. */
  readonly weights: readonly (readonly [number, number])[];
}

/** How a subnet accepts weights: in plain, or committed first and then revealed by their owner or by drand's beacon. */
export type WeightsMode = "plain" | "hash" | "timelock";

/**
 * The format of the weights in a timelock: SCALE of (uids, values, version key). With `hotkey`, the hotkey's public key comes first, so
 * that nobody can submit another's ciphertext as their own.
 */
export type TimelockPayload = "legacy" | "hotkey";

/**
 * When the runtime opens timelocks. At-epoch: in the block of the epoch that ends the reveal period; a timelock that has no pulse by then
 * is lost. Within-epoch: as soon as there is a pulse, in the epoch after the reveal period.
 */
export type TimelockReveal = "at-epoch" | "within-epoch";

export interface HyperParameters {
  readonly tempo: number;
  /** Blocks from one epoch to the next: the tempo, or one more, depending on the runtime. */
  readonly epochLength: number;
  /** Least number of blocks between two settings of weights. */
  readonly weightsRateLimit: number;
  readonly weightsVersion: number;
  readonly weightsMode: WeightsMode;
  readonly timelockPayload: TimelockPayload;
  readonly timelockReveal: TimelockReveal;
  /** Epochs between the commitment and the reveal of weights. */
  readonly revealPeriod: number;
  readonly minAllowedWeights: number;
  readonly maxValidators: number;
  readonly maxUids: number;
  readonly immunityPeriod: number;
  /** Blocks after which weights that were not renewed no longer count. */
  readonly activityCutoff: number;
  /** Least number of blocks between two announcements of an axon. */
  readonly servingRateLimit: number;
  /** The current cost of a registration, in the smallest unit. */
  readonly burn: bigint;
  readonly registrationAllowed: boolean;
}

/** Weights that are committed and not yet revealed. */
export interface PendingWeights {
  /** 64 hex digits: the commitment, or the hash (BLAKE2b-256) of the ciphertext. */
  readonly hash: string;
  /** Block of the commitment. */
  readonly block: number;
  /** First and last block in which `revealWeights` is accepted. For a timelock, drand's round. */
  readonly reveal: { readonly first: number; readonly last: number } | { readonly round: number };
}

/** How many bytes of commitments a hotkey may still write. */
export interface CommitmentSpace {
  readonly used: number;
  readonly limit: number;
  /** Block from which the whole space is free again. */
  readonly renewed: number;
}

/** Where a submitted extrinsic was included. */
export interface Inclusion {
  readonly block: number;
  readonly blockHash: string;
}

/**
 * What the toolkit needs from a chain. The devchain and subtensor both implement it. Every method may throw `BlockZeroError`
 * CHAIN_UNREACHABLE. Writes throw the chain's own error name as code (`CHAIN_REJECTED` with it in the message) and resolve only once
 * included. `at` is a block number: the state after that block. Throws `STATE_DISCARDED` if the chain no longer holds that state. Amounts
 * are in the smallest unit.
 */
export interface Chain {
  /** Hash of block 0, 64 hex digits: the chain's identity. */
  readonly genesisHash: string;
  head(): Promise<Head>;
  /** The newest block that can no longer be reverted. */
  finalized(): Promise<Head>;
  blockHash(block: number): Promise<string>;
  /** When a block was built, milliseconds since the epoch, by the chain's clock. */
  timestamp(block: number): Promise<number>;
  /** Signature of a round of the drand beacon that the chain follows, 48 bytes, unverified. Null if the chain does not have it. */
  pulse(round: number, at?: number): Promise<Uint8Array | null>;
  /** Calls back on every new head, in order, starting with the next one, until the signal aborts. Reconnects by itself. */
  onHead(callback: (head: Head) => void, signal: AbortSignal): void;
  metagraph(netuid: number, at?: number): Promise<Metagraph>;
  hyperParameters(netuid: number, at?: number): Promise<HyperParameters>;
  commitments(netuid: number, at?: number): Promise<readonly Commitment[]>;
  weights(netuid: number, at?: number): Promise<readonly WeightRow[]>;
  pendingWeights(netuid: number, hotkey: string): Promise<readonly PendingWeights[]>;
  commitmentSpace(netuid: number, hotkey: string): Promise<CommitmentSpace>;
  /** Block in which the subnet's next epoch runs. */
  nextEpoch(netuid: number): Promise<number>;
  balance(account: string): Promise<bigint>;
  /** The extrinsic that `submit` would send now. Sends nothing. */
  prepare(call: ChainCall, signer: Signer): Promise<PreparedExtrinsic>;
  submit(call: ChainCall, signer: Signer): Promise<Inclusion>;
  close(): Promise<void>;
}
