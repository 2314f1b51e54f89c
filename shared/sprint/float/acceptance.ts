import { BlockZeroError } from "#shared/errors/error.js";

/** Outputs whose pairs are compared. */
export const SHARED_OUTPUTS = 200;

/** Largest mean cosine of pairs at a width of 512, 8 standard deviations of 200 isotropic outputs. */
const MAX_PAIR_COSINE = 0.0025;
const REAL_WIDTH = 512;

/** Most standard deviations of the number of wins. */
const MAX_Z = 4;

/** The largest mean pair cosine of a width: the same number of standard deviations of isotropic outputs, which have 1/√(d − 1) each. */
export const maxPairCosine = (width: number): number => MAX_PAIR_COSINE * Math.sqrt((REAL_WIDTH - 1) / (width - 1));

/**
 * The mean cosine of all pairs of centred outputs: the share of energy that lies in one direction. From the sum s of the n unit vectors it is
 * (|s|² − n) / (n(n − 1)). NaN if an output has no direction.
 */
export const meanPairCosine = (outputs: readonly Float32Array[]): number => {
  const sum = new Float64Array(outputs[0]?.length ?? 0);
  for (const output of outputs) {
    const mean = output.reduce((total, value) => total + value, 0) / output.length;
    const length = Math.sqrt(output.reduce((total, value) => total + (value - mean) ** 2, 0));
    for (const [i, value] of output.entries()) sum[i]! += (value - mean) / length;
  }
  const n = outputs.length;
  return (sum.reduce((total, value) => total + value * value, 0) - n) / (n * (n - 1));
};

/** What a trial of a network showed. */
export interface NetworkTrial {
  /** 200 outputs of different nonces. */
  readonly outputs: readonly Float32Array[];
  readonly nonces: number;
  readonly wins: number;
  readonly odds: number;
}

const refuse = (problem: string): never => {
  throw new BlockZeroError(
    "SPRINT_NETWORK_REFUSED",
    `the Sprint's network is refused: ${problem}`,
    "take other dials, or another seed",
  );
};

/**
 * Refuses a network whose outputs share a direction, because permutation and target alone then predict which nonces are worth evaluating: a prover
 * at ρ = 0.2 gains 4.6 times its nonces.
 *
 * @param outputs 200 of different nonces
 * @throws BlockZeroError SPRINT_NETWORK_REFUSED
 */
export const acceptOutputs = (outputs: readonly Float32Array[]): void => {
  const cosine = meanPairCosine(outputs);
  const most = maxPairCosine(outputs[0]?.length ?? 0);
  if (!(cosine <= most))
    refuse(`its outputs share a direction: mean pair cosine ${cosine.toFixed(4)}, at most ${most.toFixed(4)}`);
};

/**
 * The same, and refuses a network whose wins are far from nonces/odds: it has no isotropic outputs either.
 *
 * @throws BlockZeroError SPRINT_NETWORK_REFUSED
 */
export const acceptNetwork = ({ outputs, nonces, wins, odds }: NetworkTrial): void => {
  acceptOutputs(outputs);
  const expected = nonces / odds;
  const z = (wins - expected) / Math.sqrt(expected * (1 - 1 / odds));
  if (!(Math.abs(z) <= MAX_Z))
    refuse(`${wins} of ${nonces} nonces win at odds of ${odds}, ${expected.toFixed(0)} are expected`);
};
