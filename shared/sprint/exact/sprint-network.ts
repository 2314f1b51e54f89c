import type { ExactDials } from "./dials.js";

/** A Sprint's network with its weights, ready to run. */
export interface SprintNetwork {
  /** Winning nonces of [first, first + count), ascending. */
  search(
    node: string,
    range: { readonly first: number; readonly count: number },
    difficulty: number,
  ): Promise<number[]>;
  /** Outputs, one Int32Array(width) a nonce, in the nonces' order. */
  outputs(node: string, nonces: readonly number[]): Promise<Int32Array[]>;
  /** Which of the claimed winning nonces are none, in their order. */
  losers(node: string, nonces: readonly number[], difficulty: number): Promise<number[]>;
  /** Nonces that are computed together: search in multiples of it. */
  readonly batch: number;
  /** Frees its memory. No call may be in progress or follow. */
  dispose(): Promise<void>;
}

export interface LoadOptions {
  readonly dials: ExactDials;
  /** Of the network, 64 hex digits. */
  readonly seed: string;
  /** Told after each tensor, so that loading can be timed. */
  readonly onTensor?: (done: number, of: number) => void;
  /** How far its threads give way to all else that the machine does, by Linux' nice, 0 to 19: elsewhere a thread has no priority of its own. */
  readonly nice?: number;
  /** Ends the loading with its reason. */
  readonly signal?: AbortSignal;
}
