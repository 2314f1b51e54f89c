import { createHash } from "node:crypto";
import { sortedOrder } from "../duplicates/sort-keys.js";
import { EXACT_BYTES } from "../pieces/piece-writer.js";
import type { PackSettings } from "../settings.js";
import type { Catalogue } from "./catalogue.js";

/**
 * The documents of one side in a seeded order, in lots of at most `shard_bytes` of text: a shard each; a longer document has one of its own. The order
 * is that of SHA-256 of the seed and a document's hash; equal documents stay as they were.
 */
export const planShards = (
  { count, bytes, exact }: Pick<Catalogue, "count" | "bytes" | "exact">,
  fates: Uint8Array,
  fate: number,
  { seed, shard_bytes }: Pick<PackSettings, "seed" | "shard_bytes">,
): readonly Uint32Array[] => {
  let members = 0;
  for (const found of fates) if (found === fate) members++;
  const documents = new Uint32Array(members);
  for (let document = 0, at = 0; document < count; document++) if (fates[document] === fate) documents[at++] = document;
  const highs = new Uint32Array(members);
  const lows = new Uint32Array(members);
  const prefix = createHash("sha256").update(`blockzero pack ${seed}\n`);
  for (const [i, document] of documents.entries()) {
    const key = prefix
      .copy()
      .update(exact.subarray(EXACT_BYTES * document, EXACT_BYTES * (document + 1)))
      .digest();
    highs[i] = key.readUInt32BE(0);
    lows[i] = key.readUInt32BE(4);
  }
  const lots: Uint32Array[] = [];
  let lot: number[] = [];
  let size = 0;
  for (const at of sortedOrder(highs, lows)) {
    const document = documents[at]!;
    const length = bytes[document]!;
    if (lot.length > 0 && size + length > shard_bytes) {
      lots.push(Uint32Array.from(lot));
      lot = [];
      size = 0;
    }
    lot.push(document);
    size += length;
  }
  if (lot.length > 0) lots.push(Uint32Array.from(lot));
  return lots;
};
