/** Signs for one hotkey; the secret stays behind it. */
export interface Signer {
  /** SS58, prefix 42. */
  readonly address: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** sr25519, 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

export interface Head {
  readonly number: number;
  /** 64 hex digits, no prefix. */
  readonly hash: string;
  /** Milliseconds since the epoch, as the chain says. */
  readonly timestamp: number;
}

export interface Neuron {
  readonly uid: number;
  readonly hotkey: string;
  readonly coldkey: string;
  /** In the smallest unit. */
  readonly stake: bigint;
  readonly validatorPermit: boolean;
  /** u16-normalised shares of the last epoch, as fractions 0–1. */
  readonly rank: number;
  readonly incentive: number;
  readonly consensus: number;
  readonly dividends: number;
  /** Paid by the last epoch, in the smallest unit. */
  readonly emission: bigint;
  /** Block of the last weights set, or of registration. */
  readonly lastUpdate: number;
  readonly registeredAt: number;
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

export interface HyperParameters {
  readonly tempo: number;
  readonly weightsRateLimit: number;
  readonly maxValidators: number;
  readonly maxUids: number;
  readonly weightsVersion: number;
}

/** Where a submitted extrinsic was included. */
export interface Inclusion {
  readonly block: number;
  readonly blockHash: string;
}

/**
 * What the toolkit asks of a chain. The devchain and subtensor both answer it.
 * Every method may throw `BlockZeroError` CHAIN_UNREACHABLE; writes throw the chain's own error name as code
 * (`CHAIN_REJECTED` with it in the message) and resolve only once included. `at` is a block number: state after it;
 * `STATE_DISCARDED` where the chain no longer holds it.
 */
export interface Chain {
  head(): Promise<Head>;
  blockHash(block: number): Promise<string>;
  /** Calls back on every new head, in order, from the next one on, until the signal aborts; reconnects by itself. */
  onHead(callback: (head: Head) => void, signal: AbortSignal): void;
  metagraph(netuid: number, at?: number): Promise<Metagraph>;
  hyperParameters(netuid: number): Promise<HyperParameters>;
  commitments(netuid: number, at?: number): Promise<readonly Commitment[]>;
  weights(netuid: number, at?: number): Promise<readonly WeightRow[]>;
  register(netuid: number, signer: Signer): Promise<Inclusion>;
  commit(netuid: number, data: string, signer: Signer): Promise<Inclusion>;
  setWeights(
    netuid: number,
    weights: readonly (readonly [number, number])[],
    version: number,
    signer: Signer,
  ): Promise<Inclusion>;
  close(): Promise<void>;
}
