import { hashBytes, sha256 } from "#shared/protocol/hash.js";
import { openStream } from "#shared/sprint/exact/stream.js";
import { keyedRandom } from "./normals.js";

const TARGET_DOMAIN = "blockzero/sprint-target/1";
const PERMUTATION_DOMAIN = "blockzero/sprint-permutation/1";

/** Largest magnitude of a target's numbers before they are centred. */
const LARGEST = 127;

/**
 * A vector that all members of a Sprint share: `width` integers of ±127, centred exactly by taking width · tᵢ − Σt. The integers are the bytes
 * of SHA-256("blockzero/sprint-target/1" ‖ key ‖ u64le(k)), k = 0, 1, …, less 127; bytes of 255 are skipped.
 *
 * @param which 0 for the target, 1 for the second direction of a digest: the key is SHA-256(seed₂ ‖ which as one byte)
 */
export const targetOf = (seed2: string, width: number, which: 0 | 1 = 0): Int32Array => {
  const stream = openStream(TARGET_DOMAIN, sha256(hashBytes(seed2), Uint8Array.of(which)));
  const drawn: number[] = [];
  for (let k = 0; drawn.length < width; k++)
    for (const byte of stream.block(k)) if (byte !== 255 && drawn.length < width) drawn.push(byte - LARGEST);
  const sum = drawn.reduce((total, value) => total + value, 0);
  return Int32Array.from(drawn, (value) => width * value - sum);
};

/**
 * The order in which a nonce's output is read: entry i of the permuted vector is entry order[i] of the output. Fisher–Yates from the last place
 * down, each place swapped with one of those up to it by rejection, from xoshiro128** keyed with SHA-256("blockzero/sprint-permutation/1" ‖
 * node seed ‖ u64le(nonce)).
 */
export const permutationOf = (node: string, nonce: number, width: number): Uint16Array => {
  const random = keyedRandom(openStream(PERMUTATION_DOMAIN, node).block(nonce));
  const order = Uint16Array.from({ length: width }, (_, i) => i);
  for (let last = width - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
};
