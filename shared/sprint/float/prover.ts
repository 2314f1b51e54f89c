import { thresholdOf } from "./calibration.js";
import { digestOf } from "./digest.js";
import { isNear } from "./distance.js";
import { permutationOf, targetOf } from "./target.js";
import type { SprintTransformer } from "./transformer.js";

/** A member's part of a Sprint: its node seed, what all members share, and its odds. */
export interface FloatTask {
  /** 64 hex digits. */
  readonly node: string;
  /** The seed that was revealed after loading, 64 hex digits. */
  readonly seed2: string;
  /** One nonce in so many wins. */
  readonly difficulty: number;
}

/** What a range of nonces gave. */
export interface FloatResult {
  /** Winning nonces, ascending. */
  readonly wins: readonly number[];
  /** Eight bytes a nonce, for proof B. */
  readonly digests: Uint8Array;
}

/** Evaluates given nonces. */
export const evaluateNonces = async (
  network: SprintTransformer,
  { node, seed2, difficulty }: FloatTask,
  nonces: readonly number[],
): Promise<FloatResult> => {
  const { width } = network.dials;
  const targets = [targetOf(seed2, width), targetOf(seed2, width, 1)] as const;
  const threshold = thresholdOf(width, difficulty);
  const wins: number[] = [];
  const digests = new Uint8Array(8 * nonces.length);
  for (const [i, output] of (await network.outputs(node, nonces)).entries()) {
    const order = permutationOf(node, nonces[i]!, width);
    if (isNear({ output, order, target: targets[0] }, threshold)) wins.push(nonces[i]!);
    digests.set(digestOf(output, order, targets), 8 * i);
  }
  return { wins, digests };
};
