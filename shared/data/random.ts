import { createHash } from "node:crypto";
import { type Random, type RandomState, xoshiro } from "./xoshiro.js";

export type { Random, RandomState } from "./xoshiro.js";

/** A generator whose state is the first 16 bytes, little-endian, of SHA-256 of the seed's UTF-8; or, of a stream that goes on, its state. */
export const createRandom = (seed: string | RandomState): Random =>
  xoshiro(typeof seed === "string" ? stateOf(seed) : seed);

const stateOf = (seed: string): RandomState => {
  const digest = createHash("sha256").update(seed, "utf8").digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
};
