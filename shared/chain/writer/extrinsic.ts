import type { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Inclusion } from "../chain.js";

/** A signed extrinsic in the chain's format. Sending it again sends exactly these bytes. */
export interface SignedExtrinsic {
  readonly bytes: string;
  /** 64 hex digits. */
  readonly hash: string;
  readonly nonce: number;
  /** The last block that may hold it, if it is mortal. */
  readonly lastBlock?: number | undefined;
}

/** A block holds an extrinsic. */
export interface Settlement extends Inclusion {
  readonly hash: string;
  /** Why it failed in that block. Its nonce is used in any case. */
  readonly error?: BlockZeroError | undefined;
}

/** A node's answer to an extrinsic. */
export type Reception =
  /** The node has it, since now or before, and will put it into a block. */
  | { readonly status: "pool" }
  | ({ readonly status: "included" } & Settlement)
  /** Not now, but possibly later: the pool is full, or an earlier nonce is missing. */
  | { readonly status: "later" }
  /** Some block holds it, or none ever will: its nonce is used or another extrinsic waits with it (`isTaken`), or its era is over. */
  | { readonly status: "dead"; readonly isTaken: boolean }
  /** Never accepted, whatever the nonce. */
  | { readonly status: "refused"; readonly error: BlockZeroError };

/** What the writer needs from a chain that keeps a nonce for each account. Calls are opaque to it. */
export interface WritableChain<Call> {
  sign(call: Call, nonce: number, signer: Signer): Promise<SignedExtrinsic>;
  /** The call as text. Two equal calls have the same text. */
  textOf(call: Call): string;
  /** The account's next nonce, counting the extrinsics in the node's pool. */
  nextNonce(account: string): Promise<number>;
  /** Throws `BlockZeroError` CHAIN_DISCONNECTED or CHAIN_TIMEOUT if it is unknown whether the node has it. */
  send(extrinsic: SignedExtrinsic): Promise<Reception>;
  /**
   * Searches the blocks after `since` for it. Undefined if it is certain that none holds it. Throws as `send`, and CHAIN_OUTCOME_UNKNOWN if
   * the node no longer knows.
   */
  find(extrinsic: SignedExtrinsic, since: number): Promise<Settlement | undefined>;
  /** Number of the newest block. */
  headNumber(): number;
}
