import { hashBytes, sha256 } from "#shared/protocol/hash.js";
import { MAX_SAMPLE } from "#shared/protocol/sprint.js";
import { openStream } from "#shared/sprint/exact/stream.js";

const SAMPLE_DOMAIN = "blockzero/sprint-sample/1";
const DRAW_DOMAIN = "blockzero/sprint-draw/1";

export interface SampleInputs {
  /** A value that nobody knows before the proofs' commits are closed: 64 hex digits. */
  readonly seed: string;
  /** SS58 address of the verifier's hotkey: no verifier knows another's sample before the seed. */
  readonly verifier: string;
  /** 64 hex digits. */
  readonly proofHash: string;
  /** Number of items to choose among: the proof's wins, or its nonces. */
  readonly wins: number;
  /** Number of items to choose: one false among a hundred escapes 459 with 1 % (see `FIXED_TESTS`). */
  readonly size?: number;
}

/** Seed of one verifier's sample of one proof: SHA-256("blockzero/sprint-sample/1" ‖ seed ‖ proof hash ‖ verifier in ASCII), 64 hex digits. */
export const sampleSeed = ({ seed, proofHash, verifier }: Pick<SampleInputs, "seed" | "proofHash" | "verifier">) =>
  sha256(Buffer.from(SAMPLE_DOMAIN), hashBytes(seed), hashBytes(proofHash), Buffer.from(verifier, "ascii"));

/**
 * Indices of the items that a verifier checks, ascending: all of them if there are no more than `size`, otherwise `size` different ones, each
 * set alike probable. Draws are the 64-bit big-endian words of SHA-256("blockzero/sprint-draw/1" ‖ sample seed ‖ u64le(k)), k = 0, 1, …
 * Words at or above the largest multiple of `wins` are left out, and so are repeated indices.
 */
export const sampleWins = ({ wins, size = MAX_SAMPLE, ...of }: SampleInputs): number[] => {
  if (wins <= size) return Array.from({ length: wins }, (_, index) => index);
  const below = BigInt(wins);
  const limit = 2n ** 64n - (2n ** 64n % below);
  const chosen = new Set<number>();
  for (const word of words(sampleSeed(of))) {
    if (word < limit) chosen.add(Number(word % below));
    if (chosen.size === size) break;
  }
  return [...chosen].sort((a, b) => a - b);
};

function* words(seed: string): Generator<bigint> {
  const stream = openStream(DRAW_DOMAIN, seed);
  for (let k = 0; ; k++) {
    const block = stream.block(k);
    for (let at = 0; at < block.length; at += 8) yield block.readBigUInt64BE(at);
  }
}
