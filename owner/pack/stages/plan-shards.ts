import { createHash } from "node:crypto";
import { sortedOrder } from "../duplicates/sort-keys.js";
import { giveWay } from "../give-way.js";
import { EXACT_BYTES } from "../pieces/piece-writer.js";
import type { PackSettings } from "../settings.js";
import { type Catalogue, exactHashes } from "./catalogue.js";

/** Documents whose keys are sorted at once, 20 bytes each: of more, one range of keys is sorted after another. */
const SORTED = 1 << 22;

export interface Planning {
  readonly signal: AbortSignal;
  /** Documents whose keys are sorted at once. */
  readonly sorted?: number;
}

/**
 * The documents of one side in a seeded order, in lots of at most `shard_bytes` of text: a shard each; a longer document has one of its own. The
 * order is that of SHA-256 of the seed and a document's hash; equal documents stay as they were.
 *
 * @throws the reason of an aborted signal
 */
export const planShards = async (
  catalogue: Catalogue,
  fates: Uint8Array,
  fate: number,
  { seed, shard_bytes }: Pick<PackSettings, "seed" | "shard_bytes">,
  { signal, sorted = SORTED }: Planning,
): Promise<readonly Uint32Array[]> => {
  const order = await seededOrder(catalogue, fates, fate, seed, { signal, sorted });
  const lots: Uint32Array[] = [];
  let from = 0;
  let size = 0;
  for (const [at, document] of order.entries()) {
    const length = catalogue.bytes[document]!;
    if (at > from && size + length > shard_bytes) {
      lots.push(order.subarray(from, at));
      from = at;
      size = 0;
    }
    size += length;
  }
  if (order.length > from) lots.push(order.subarray(from));
  return lots;
};

const seededOrder = async (
  catalogue: Catalogue,
  fates: Uint8Array,
  fate: number,
  seed: number,
  { signal, sorted }: Required<Planning>,
): Promise<Uint32Array> => {
  const prefix = createHash("sha256").update(`blockzero pack ${seed}\n`);
  const keyOf = (exact: Uint8Array, at: number): Buffer =>
    prefix
      .copy()
      .update(exact.subarray(EXACT_BYTES * at, EXACT_BYTES * (at + 1)))
      .digest();
  /** @param use called with each member, by its place among them and in its piece */
  const eachMember = async (
    use: (member: number, document: number, exact: Uint8Array, at: number) => void,
  ): Promise<void> => {
    let member = 0;
    for (let piece = 0; piece < catalogue.pieces; piece++) {
      await giveWay(signal);
      const from = catalogue.firsts[piece]!;
      const exact = exactHashes(catalogue, piece);
      for (let at = 0; at < exact.length / EXACT_BYTES; at++)
        if (fates[from + at] === fate) use(member++, from + at, exact, at);
    }
  };
  let members = 0;
  for (const found of fates) if (found === fate) members++;
  const highs = new Uint32Array(members);
  await eachMember((member, _, exact, at) => {
    highs[member] = keyOf(exact, at).readUInt32BE(0);
  });
  const order = new Uint32Array(members);
  const ranges = Math.max(1, Math.ceil(members / sorted));
  const width = 2 ** 32 / ranges;
  for (let range = 0, done = 0; range < ranges; range++) {
    const isDue = (high: number): boolean => Math.floor(high / width) === range;
    const due = highs.reduce((sum, high) => sum + (isDue(high) ? 1 : 0), 0);
    const [documents, dueHighs, lows] = [new Uint32Array(due), new Uint32Array(due), new Uint32Array(due)];
    let i = 0;
    await eachMember((member, document, exact, at) => {
      if (!isDue(highs[member]!)) return;
      documents[i] = document;
      dueHighs[i] = highs[member]!;
      lows[i++] = keyOf(exact, at).readUInt32BE(4);
    });
    for (const at of sortedOrder(dueHighs, lows)) order[done++] = documents[at]!;
  }
  return order;
};
