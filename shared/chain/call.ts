/** What the toolkit writes to a chain: names and arguments as in the runtime's calls. */
export type ChainCall = {
  readonly [Name in keyof ChainCalls]: { readonly name: Name; readonly args: ChainCalls[Name] };
}[keyof ChainCalls];

interface ChainCalls {
  /** Signed by the coldkey, which pays the burn and owns the hotkey from then on. */
  readonly burnedRegister: { readonly netuid: number; readonly hotkey: string };
  /** Signed by the coldkey. The amount is in the smallest unit of its balance. */
  readonly addStake: { readonly netuid: number; readonly hotkey: string; readonly amount: bigint };
  readonly serveAxon: { readonly netuid: number } & Axon;
  /** UTF-8 text of at most 128 bytes. */
  readonly setCommitment: { readonly netuid: number; readonly data: string };
  /** `weights` are u16; the chain scales them so that the largest is 65,535. */
  readonly setWeights: {
    readonly netuid: number;
    readonly dests: readonly number[];
    readonly weights: readonly number[];
    readonly versionKey: number;
  };
  /** `commit`: 64 hex digits. The values that `revealWeights` sends must hash to them. */
  readonly commitWeights: { readonly netuid: number; readonly commit: string };
  readonly revealWeights: {
    readonly netuid: number;
    readonly uids: readonly number[];
    readonly values: readonly number[];
    readonly salt: readonly number[];
    readonly versionKey: number;
  };
  /** `commit`: a ciphertext, hex, that drand's pulse of `revealRound` opens. */
  readonly commitTimelockedWeights: {
    readonly netuid: number;
    readonly commit: string;
    readonly revealRound: number;
  };
}

/** The address at which a neuron serves. */
export interface Axon {
  /** IPv4 or IPv6, as text. */
  readonly ip: string;
  readonly port: number;
}

/** A signed extrinsic that has not been sent. */
export interface PreparedExtrinsic {
  readonly call: ChainCall;
  /** SS58. */
  readonly signer: string;
  readonly nonce: number;
  /** The bytes to send: SCALE as hex for a Substrate chain, JSON for the devchain. */
  readonly bytes: string;
  /** 64 hex digits. */
  readonly hash: string;
}

export const burnedRegister = (netuid: number, hotkey: string): ChainCall => ({
  name: "burnedRegister",
  args: { netuid, hotkey },
});

export const addStake = (netuid: number, hotkey: string, amount: bigint): ChainCall => ({
  name: "addStake",
  args: { netuid, hotkey, amount },
});

export const setCommitment = (netuid: number, data: string): ChainCall => ({
  name: "setCommitment",
  args: { netuid, data },
});

/** @param weights [uid, u16] pairs */
export const setWeights = (
  netuid: number,
  weights: readonly (readonly [number, number])[],
  versionKey: number,
): ChainCall => ({
  name: "setWeights",
  args: { netuid, dests: weights.map(([uid]) => uid), weights: weights.map(([, weight]) => weight), versionKey },
});
