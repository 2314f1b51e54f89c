import { createHmac } from "node:crypto";
import { u64le } from "#shared/protocol/hash.js";
import type { RandomBytes } from "./curve.js";

/**
 * The same random bytes from the same secret seed, so that a dealer can deal again after a restart: HMAC-SHA512 of a counter, each draw from a
 * new block on.
 *
 * @param seed 32 random bytes that nobody else knows
 */
export const seededRandom = (seed: Uint8Array): RandomBytes => {
  let counter = 0;
  return (length) => {
    const blocks: Uint8Array[] = [];
    for (let drawn = 0; drawn < length; drawn += blocks.at(-1)!.length)
      blocks.push(createHmac("sha512", seed).update(u64le(counter++)).digest());
    return Buffer.concat(blocks).subarray(0, length);
  };
};
