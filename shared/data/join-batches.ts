import type { Batch } from "./loader.js";

/** The tokens of some batches, one batch under the other. */
export const joinBatches = (batches: readonly Batch[]): Pick<Batch, "ids" | "targets" | "starts"> => {
  const join = (of: (batch: Batch) => BigInt64Array): BigInt64Array => {
    const parts = batches.map(of);
    const all = new BigInt64Array(parts.reduce((total, { length }) => total + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  };
  const none = new BigInt64Array();
  return {
    ids: join(({ ids }) => ids),
    targets: join(({ targets }) => targets),
    ...(batches.some(({ starts }) => starts) && { starts: join(({ starts }) => starts ?? none) }),
  };
};
