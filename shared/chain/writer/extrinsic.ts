import type { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Inclusion } from "../chain.js";

/** A signed extrinsic as its chain takes it; whoever sends it again sends these very bytes. */
export interface SignedExtrinsic {
  readonly bytes: string;
  /** 64 hex digits. */
  readonly hash: string;
  readonly nonce: number;
  /** The last block that may hold it, where it is mortal. */
  readonly lastBlock?: number | undefined;
}

/** A block holds an extrinsic. */
export interface Settlement extends Inclusion {
  readonly hash: string;
  /** Why it did nothing there; its nonce is spent all the same. */
  readonly error?: BlockZeroError | undefined;
}

/** What a node says to an extrinsic. */
export type Reception =
  /** It has it, now or since before, and will put it into a block. */
  | { readonly status: "pool" }
  | ({ readonly status: "included" } & Settlement)
  /** Not now; time cures it: the pool is full, an earlier nonce is missing. */
  | { readonly status: "later" }
  /** Its nonce is spent or its era over: some block holds it, or none ever will. */
  | { readonly status: "dead" }
  /** Never, whatever the nonce. */
  | { readonly status: "refused"; readonly error: BlockZeroError };

/** What writing needs of a chain that keeps a nonce for each account; calls are opaque to it. */
export interface WritableChain<Call> {
  sign(call: Call, nonce: number, signer: Signer): SignedExtrinsic | Promise<SignedExtrinsic>;
  /** The call as text: two calls that ask for the same are the same text. */
  textOf(call: Call): string;
  /** The account's next nonce, after what waits in the node's pool. */
  nextNonce(account: string): Promise<number>;
  /** Throws `BlockZeroError` CHAIN_DISCONNECTED or CHAIN_TIMEOUT where nobody knows whether the node has it. */
  send(extrinsic: SignedExtrinsic): Promise<Reception>;
  /**
   * Looks for it in the blocks after `since`; undefined where it is certain that none holds it.
   * Throws as `send`, and CHAIN_OUTCOME_UNKNOWN where the node no longer knows.
   */
  find(extrinsic: SignedExtrinsic, since: number): Promise<Settlement | undefined>;
  /** Number of the newest block. */
  headNumber(): number;
}
