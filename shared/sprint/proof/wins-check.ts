/** A Sprint as its proof counts it. */
interface Counts {
  readonly wins: number;
  readonly nonces: number;
  readonly difficulty: number;
}

/** Most standard deviations between the wins and what their nonces let expect. */
const MAX_Z = 4;

/**
 * Whether |z| ≤ 4, z = (V − N/D) / √(N/D · (1 − 1/D)) being the distance from a binomial's mean in standard deviations. In integers:
 * (V·D − N)² ≤ 16·N·(D − 1). A check of sanity and no more: among 10⁶ nonces at D = 900 it finds only what is at least 12 % too many.
 */
export const isProbable = ({ wins, nonces, difficulty }: Counts): boolean => {
  const [v, n, d] = [BigInt(wins), BigInt(nonces), BigInt(difficulty)];
  return (v * d - n) ** 2n <= BigInt(MAX_Z) ** 2n * n * (d - 1n);
};
