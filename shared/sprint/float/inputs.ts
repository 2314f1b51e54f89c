import { checkNonce } from "#shared/sprint/exact/inputs.js";
import { openStream } from "#shared/sprint/exact/stream.js";
import type { FloatDials } from "./dials.js";
import { fillNormals, keyedRandom } from "./normals.js";

const DOMAIN = "blockzero/sprint-vectors/1";

/** Standard deviation of an input's numbers. */
const DEVIATION = 1;

/**
 * Writes the input of a nonce, [sequence, width] normal numbers of deviation 1, by xoshiro128** keyed with SHA-256("blockzero/sprint-vectors/1" ‖
 * node seed ‖ u64le(nonce)).
 */
export const writeVectors = (node: string, nonce: number, into: Float32Array): void => {
  checkNonce(nonce);
  fillNormals(keyedRandom(openStream(DOMAIN, node).block(nonce)), DEVIATION, into);
};

/** The tokens of a nonce, by rejection from the same generator. */
export const tokensOf = (node: string, nonce: number, { sequence }: FloatDials, vocabulary: number): number[] => {
  checkNonce(nonce);
  const random = keyedRandom(openStream(DOMAIN, node).block(nonce));
  return Array.from({ length: sequence }, () => random.below(vocabulary));
};
