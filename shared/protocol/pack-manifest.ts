import { z } from "zod";
import { parseCanonical } from "./canonical-json.js";
import { hashSchema } from "./hash.js";
import { listOf } from "./list-of.js";
import type { Parsed } from "./parsed.js";

/** Largest manifest of a pack, in bytes. */
export const MAX_PACK_MANIFEST_BYTES = 16 << 20;

/** Largest shard, in bytes: what is read into memory at once. */
export const MAX_SHARD_BYTES = 128 << 20;

/** Most shards of a side. */
export const MAX_SHARDS = 1 << 16;

/** Most UTF-8 bytes of a shard's text, 64 GiB: a thousand for each token. */
const MAX_TEXT_BYTES = 2 ** 36;

/** Everybody holds all shards of the held-out part: so many bytes at most. */
export const MAX_HELD_OUT_BYTES = 2 ** 31;

const shardSchema = z.strictObject({
  hash: hashSchema,
  bytes: z.int().positive().max(MAX_SHARD_BYTES),
  /** Each has an end and a length, four bytes each. */
  documents: z
    .int()
    .positive()
    .max(MAX_SHARD_BYTES / 8),
  /** Two bytes each, or four. */
  tokens: z
    .int()
    .positive()
    .max(MAX_SHARD_BYTES / 2),
  /** UTF-8 bytes of its documents' text; of all shards together they can be counted exactly. */
  text_bytes: z.int().positive().max(MAX_TEXT_BYTES),
});

/** A corpus as tokens: which shards hold its training part and its held-out part, and whose tokens they are. See docs/data.md. */
export const packManifestSchema = z
  .strictObject({
    version: z.literal(1),
    kind: z.literal("pack"),
    /** `byte`, or the SHA-256 of a `tokenizer.json`; and the largest id and one. */
    tokenizer: z.strictObject({
      name: z.union([z.literal("byte"), hashSchema]),
      size: z
        .int()
        .min(2)
        .max(2 ** 24),
    }),
    /** Whether documents have among their tokens what begins and ends them, as conversations do: a loader puts nothing around them. */
    separators: z.literal("written").optional(),
    training: listOf(shardSchema, MAX_SHARDS),
    held_out: listOf(shardSchema, MAX_SHARDS),
  })
  .superRefine(({ training, held_out }, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (training.length + held_out.length === 0) refuse("training", "there is no shard");
    if (held_out.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_HELD_OUT_BYTES)
      refuse("held_out", `more than ${MAX_HELD_OUT_BYTES} bytes`);
    const hashes = new Set([...training, ...held_out].map(({ hash }) => hash));
    if (hashes.size < training.length + held_out.length) refuse("training", "a shard is named twice");
  });

export type PackManifest = z.infer<typeof packManifestSchema>;
export type ShardRef = PackManifest["training"][number];

/** Never throws, whatever the bytes. */
export const parsePackManifest = (bytes: Uint8Array): Parsed<PackManifest> =>
  parseCanonical(bytes, packManifestSchema, MAX_PACK_MANIFEST_BYTES);
