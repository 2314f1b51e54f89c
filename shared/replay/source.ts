import type { Chain } from "#shared/chain/chain.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import type { Network } from "#shared/protocol/network.js";

/** A file somebody named by hash. */
export interface FileRequest {
  readonly hash: string;
  readonly maxBytes: number;
  /** What it is, for a person who has to go without it, e.g. `the report of 5F…`. */
  readonly what?: string | undefined;
  /** Origin that a record on chain names for it; others may have it too. */
  readonly location?: string;
}

/** What chain state is read with. */
export interface CycleContext {
  readonly chain: Pick<Chain, "metagraph" | "commitments" | "blockHash" | "timestamp" | "pulse">;
  readonly network: Network;
  /** Full hash of the network file. */
  readonly networkHash: string;
}

/**
 * All that a replay may know: chain state at a block, and files by hash. Who waits how long for a file is the caller's affair: two sources
 * that have the same chain and the same files give the same results.
 */
export interface CycleSource extends CycleContext {
  /** Bytes that have that hash. @throws BlockZeroError FETCH_… where they cannot be had */
  fetch(file: FileRequest): Promise<Uint8Array>;
  /** The same of a file that may be larger than memory. Close it. */
  open(file: FileRequest): Promise<ByteSource>;
}
