import type { ExactDials } from "./dials.js";
import { openStream } from "./stream.js";

const DOMAIN = "blockzero/sprint-inputs/1";
const BLOCK_BYTES = 32;

/** A nonce is below this. */
export const NONCES = 2 ** 48;

/**
 * The inputs of a node's nonces, `width` integers in [−bound, bound) each. Those of nonce n are the bytes [n · width, (n + 1) · width) of
 * the stream SHA-256(domain ‖ node seed ‖ u64le(0)) ‖ SHA-256(domain ‖ node seed ‖ u64le(1)) ‖ …, each modulo 2 · bound, less bound.
 * @param less what is subtracted in the bound's place
 */
export const createInputs = (node: string, { width, bound }: Pick<ExactDials, "width" | "bound">, less = bound) => {
  const stream = openStream(DOMAIN, node);
  const blocks = width / BLOCK_BYTES;
  const mask = 2 * bound - 1;
  /** Writes the inputs of a nonce at a place. */
  return (nonce: number, into: Float32Array | Int32Array | Int8Array | Uint8Array, at: number): void => {
    checkNonce(nonce);
    for (let block = 0; block < blocks; block++) {
      const bytes = stream.text(nonce * blocks + block);
      const first = at + BLOCK_BYTES * block;
      for (let i = 0; i < BLOCK_BYTES; i++) into[first + i] = (bytes.charCodeAt(i) & mask) - less;
    }
  };
};

/** @throws RangeError unless it is an integer in [0, 2⁴⁸) */
export const checkNonce = (nonce: number): void => {
  if (!Number.isInteger(nonce) || nonce < 0 || nonce >= NONCES) {
    throw new RangeError(`a nonce is an integer in [0, 2^48), got ${nonce}`);
  }
};
