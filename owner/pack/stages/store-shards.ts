import { join } from "node:path";
import type { BlobStore } from "#shared/blobs/blob-store.js";
import { MAX_SHARD_BYTES, type PackManifest, type ShardRef } from "#shared/protocol/pack-manifest.js";
import { type Catalogue, pieceOf } from "./catalogue.js";
import type { DocumentAt } from "./encode-shard.js";
import { encodeShards } from "./encode-threads.js";
import { EXACT_DUPLICATE } from "./fate.js";
import { type PackLimits, packTooLarge } from "./pack-limits.js";
import { openShardLog } from "./shard-log.js";

export interface StoreShards {
  readonly catalogue: Catalogue;
  /** Each document's fate, which changes where a shard comes again. */
  readonly fates: Uint8Array;
  /** The documents of each side's shards. */
  readonly sides: Readonly<Record<"training" | "held_out", readonly Uint32Array[]>>;
  readonly store: Pick<BlobStore, "has" | "put">;
  /** The folder that holds the work. */
  readonly work: string;
  readonly tokenizer: string;
  readonly threads: number;
  readonly limits: PackLimits;
  readonly signal: AbortSignal;
  readonly onShard: (done: number, all: number) => void;
}

/**
 * Makes and stores the shards of both sides; what an earlier call stored stays. The held-out ones come first, so that more than everybody can be
 * asked to hold is told before the rest is made. A shard of tokens that another one has already is left out: a manifest cannot name it twice.
 *
 * @throws BlockZeroError PACK_TOO_LARGE
 */
export const storeShards = async (options: StoreShards): Promise<Pick<PackManifest, "training" | "held_out">> => {
  const { catalogue, fates, sides, store, work, tokenizer, threads, limits, signal, onShard } = options;
  for (const [part, { length }] of [
    ["training", sides.training],
    ["held-out", sides.held_out],
  ] as const)
    if (length > limits.shards)
      throw packTooLarge(
        `the ${part} part would have ${length} shards, at most ${limits.shards} can be named`,
        "give a larger --shard-bytes",
      );
  const lots = [...sides.training, ...sides.held_out];
  const training = [...sides.training.keys()];
  const heldOut = Array.from(sides.held_out, (_, i) => training.length + i);
  const log = openShardLog(join(work, "shards.jsonl"));
  let done = 0;
  const tell = () => onShard(++done, lots.length);
  const held = new Set<string>();
  let heldBytes = 0;
  const check = (shard: number, ref: ShardRef | null): void => {
    if (ref === null || shard < training.length || held.has(ref.hash)) return;
    held.add(ref.hash);
    heldBytes += ref.bytes;
    if (heldBytes > limits.heldOutBytes)
      throw packTooLarge(
        `the held-out shards have more than ${limits.heldOutBytes} bytes, which everybody would hold`,
        "give a smaller --held-out",
      );
  };
  try {
    const missing: number[] = [];
    for (const shard of [...heldOut, ...training]) {
      const ref = log.get(shard);
      if (ref === undefined || (ref !== null && !(await store.has(ref.hash)))) {
        missing.push(shard);
        continue;
      }
      check(shard, ref);
      tell();
    }
    const due = function* (): Generator<readonly [number, readonly DocumentAt[]]> {
      for (const shard of missing) yield [shard, Array.from(lots[shard]!, (document) => placeOf(catalogue, document))];
    };
    await encodeShards({ folder: catalogue.folder, tokenizer, threads, signal }, due(), async (shard, encoded) => {
      if (encoded && encoded.bytes.length > MAX_SHARD_BYTES)
        throw packTooLarge(
          `a shard would have ${encoded.bytes.length} bytes, at most ${MAX_SHARD_BYTES} are read`,
          "give a smaller --shard-bytes",
        );
      const ref = encoded && { hash: await store.put(encoded.bytes), bytes: encoded.bytes.length, ...encoded.figures };
      log.set(shard, ref);
      check(shard, ref);
      tell();
    });
  } finally {
    log.close();
  }
  const named = new Set<string>();
  const refsOf = (shards: readonly number[]): ShardRef[] =>
    shards.flatMap((shard) => {
      const ref = log.get(shard);
      if (!ref) return [];
      if (named.has(ref.hash)) {
        for (const document of lots[shard]!) fates[document] = EXACT_DUPLICATE;
        return [];
      }
      named.add(ref.hash);
      return [ref];
    });
  // A text that is held out is not trained on.
  const held_out = refsOf(heldOut);
  return { training: refsOf(training), held_out };
};

const placeOf = (catalogue: Catalogue, document: number): DocumentAt => ({
  piece: pieceOf(catalogue, document),
  offset: catalogue.offsets[document]!,
  bytes: catalogue.bytes[document]!,
});
