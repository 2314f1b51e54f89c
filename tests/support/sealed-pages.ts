import { openArithmetic } from "#datasets/arithmetic.js";
import type { SubnetOptions } from "./subnet.js";

/** Text for so many envelopes of a page or two, for the group `math`. */
export const sealedPages = (envelopes: number): NonNullable<SubnetOptions["sealed"]> => {
  const { document } = openArithmetic();
  const documents = Array.from(
    { length: 2 * envelopes },
    (_, i) => `${document(1_000_000 + i)}${document(2_000_000 + i)}`,
  );
  return { group: "math", documents: documents.slice(0, envelopes), envelopeBytes: 1 };
};
