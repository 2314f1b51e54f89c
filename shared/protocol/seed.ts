import { hashBytes, sha256, u64le } from "./hash.js";

const DOMAIN = "blockzero/eval/1";

export interface SeedInputs {
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
  readonly group: string;
  /** Hash of the first block of the cycle's evaluate phase: nobody knows it before commits and reveals are closed. */
  readonly blockHash: string;
}

/**
 * The seed that draws a group's evaluation batches: SHA-256("blockzero/eval/1" ‖ network hash ‖ cycle as u64
 * little-endian ‖ group in ASCII ‖ block hash), 64 hex digits. Only the group varies in length, so no two inputs collide.
 */
export const evaluationSeed = ({ network, cycle, group, blockHash }: SeedInputs): string => {
  const text = new TextEncoder();
  return sha256(text.encode(DOMAIN), hashBytes(network), u64le(cycle), text.encode(group), hashBytes(blockHash));
};
