import type { Chain } from "#shared/chain/chain.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import type { BlobRef } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";

/** A file that somebody named by hash. */
export interface FileRequest {
  readonly hash: string;
  readonly maxBytes: number;
  /** What the file is, for error messages, e.g. `the report of 5F…`. */
  readonly what?: string | undefined;
  /** Origin that a record on chain names for it. Others may have the file too. */
  readonly location?: string;
}

/** What is needed to read chain state. */
export interface CycleContext {
  readonly chain: Pick<Chain, "metagraph" | "commitments" | "blockHash" | "timestamp" | "pulse">;
  readonly network: Network;
  /** Full hash of the network file. */
  readonly networkHash: string;
}

/**
 * Everything that a replay may read: chain state at a block, and files by hash. The caller decides how long to wait for a file. Two sources
 * with the same chain and the same files give the same results.
 */
export interface CycleSource extends CycleContext {
  /** Bytes that have that hash. @throws BlockZeroError FETCH_… if they are not available */
  fetch(file: FileRequest): Promise<Uint8Array>;
  /** The same for a file that may be larger than memory. Close it. */
  open(file: FileRequest): Promise<ByteSource>;
}

/** Opens the blobs of a model's parts. */
export const blobsFrom =
  ({ open }: Pick<CycleSource, "open">) =>
  ({ hash, bytes }: BlobRef): Promise<ByteSource> =>
    open({ hash, maxBytes: bytes });
