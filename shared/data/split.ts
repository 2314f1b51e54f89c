import { createHash } from "node:crypto";

/**
 * Whether a document is kept for evaluation: the first 48 bits of SHA-256 of its UTF-8, as a fraction, lie below `share`.
 *
 * The content decides, not the place: a duplicate under another index, in another source or in a miner's own file falls
 * on the same side, and everybody decides alike with nothing to agree on but the share.
 */
export const isHeldOut = (text: string, share: number): boolean =>
  createHash("sha256").update(text, "utf8").digest().readUIntBE(0, 6) < share * 2 ** 48;

/** The side of the split a document is on. */
export type Side = "training" | "held-out";

export const sideOf = (text: string, share: number): Side => (isHeldOut(text, share) ? "held-out" : "training");
