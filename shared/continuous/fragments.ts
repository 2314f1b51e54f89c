import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";

const SAMPLE_DOMAIN = "blockzero/fragment-sample/1";
const SEED_DOMAIN = "blockzero/fragment/1";

/**
 * Seed of the inputs of one fragment of continuous proofs: SHA-256(domain ‖ node seed ‖ entropy ‖ u64le(fragment)), 64 hex digits. The
 * entropy is not known before the fragment begins, so no nonce can be evaluated ahead.
 *
 * @param node    `nodeSeed` of the cycle, 64 hex digits
 * @param entropy of the fragment's first block, 64 hex digits
 */
export const fragmentSeed = (node: string, entropy: string, fragment: number): string =>
  sha256(Buffer.from(SEED_DOMAIN), hashBytes(node), hashBytes(entropy), u64le(fragment));

interface FragmentSample {
  /** What nobody knew before the fragments' commits were closed, 64 hex digits. */
  readonly seed: string;
  /** SS58 address of the host. */
  readonly hotkey: string;
  /** Number of fragments of the cycle. */
  readonly fragments: number;
  /** How many are checked. */
  readonly size: number;
}

/**
 * The fragments of a host that are checked, ascending: those with the least SHA-256(domain ‖ seed ‖ u64le(fragment) ‖ hotkey in ASCII). One
 * false win in a fragment makes its whole cycle invalid, so that who cheats in f of F fragments is found, at s checked, with
 * 1 − C(F − f, s)/C(F, s).
 */
export const sampledFragments = ({ seed, hotkey, fragments, size }: FragmentSample): readonly number[] =>
  Array.from({ length: fragments }, (_, fragment) => ({
    fragment,
    lot: sha256(Buffer.from(SAMPLE_DOMAIN), hashBytes(seed), u64le(fragment), Buffer.from(hotkey, "ascii")),
  }))
    .sort((a, b) => (a.lot < b.lot ? -1 : 1))
    .slice(0, size)
    .map(({ fragment }) => fragment)
    .sort((a, b) => a - b);

/** The probability with which that finds a host that cheats in so many fragments. */
export const fragmentsFound = (fragments: number, cheated: number, size: number): number => {
  let missed = 1;
  for (let i = 0; i < Math.min(size, fragments); i++) missed *= Math.max(0, fragments - cheated - i) / (fragments - i);
  return 1 - missed;
};
