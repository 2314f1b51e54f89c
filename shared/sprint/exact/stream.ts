import { hash } from "node:crypto";
import { hashBytes } from "#shared/protocol/hash.js";

/** Blocks of 32 bytes that a seed gives, each by itself: block i is SHA-256(domain ‖ seed ‖ u64le(i)). */
export interface Stream {
  /**
   * A byte a character: a string comes from the hash six times as fast as a buffer.
   * @param counter a non-negative safe integer
   */
  block(counter: number): string;
}

/** @param seed 64 hex digits */
export const openStream = (domain: string, seed: string): Stream => {
  const text = Buffer.concat([Buffer.from(domain), hashBytes(seed), Buffer.alloc(8)]);
  const at = text.length - 8;
  return {
    block: (counter) => {
      text.writeUInt32LE(counter % 2 ** 32, at);
      text.writeUInt32LE(Math.floor(counter / 2 ** 32), at + 4);
      return hash("sha256", text, "binary");
    },
  };
};
