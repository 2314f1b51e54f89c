import type { Batch } from "./loader.js";

/**
 * Bits per byte of text: the nats of all predictions that count, over ln 2 times the UTF-8 bytes of what is predicted. It compares models of
 * different tokenizers.
 *
 * @param losses mean loss of each batch, nats a token
 */
export const bitsPerByte = (
  losses: readonly number[],
  batches: readonly Pick<Batch, "counted" | "bytes">[],
): number => {
  let nats = 0;
  let bytes = 0;
  for (const [i, { counted, bytes: own }] of batches.entries()) {
    nats += losses[i]! * counted;
    bytes += own;
  }
  return nats / (Math.LN2 * bytes);
};
