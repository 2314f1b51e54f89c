import type { G2 } from "./curve.js";
import type { Membership } from "./membership.js";

/** What is public of a group that signs. */
export interface GroupKeys {
  readonly membership: Omit<Membership, "keys">;
  /** Compressed point of G2, 192 hex digits. */
  readonly publicKey: string;
  /** Commitments to the sum of the qualified dealers' polynomials. */
  readonly commitments: readonly G2[];
}
