import { outputDigest } from "#shared/sprint/exact/output-digest.js";
import { isWin } from "#shared/sprint/exact/prover.js";

/** What recomputing a claimed win of the exact profile gives. */
export interface Recomputed {
  readonly nonce: number;
  readonly isWin: boolean;
  /** Hash of its output. */
  readonly digest: string;
}

/** A claimed win by its output. @param of with the node seed, 64 hex digits */
export const recomputedBy = (
  { node, nonce, difficulty }: { readonly node: string; readonly nonce: number; readonly difficulty: number },
  output: Int32Array,
): Recomputed => ({ nonce, isWin: isWin(node, nonce, output, difficulty), digest: outputDigest(output) });
