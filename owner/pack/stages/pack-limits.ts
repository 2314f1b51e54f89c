import { BlockZeroError } from "#shared/errors/error.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import {
  MAX_HELD_OUT_BYTES,
  MAX_PACK_MANIFEST_BYTES,
  MAX_SHARDS,
  type PackManifest,
  packManifestSchema,
} from "#shared/protocol/pack-manifest.js";

/** What a manifest has room for: shards of a side, and bytes of the held-out ones. */
export interface PackLimits {
  readonly shards: number;
  readonly heldOutBytes: number;
}

export const PACK_LIMITS: PackLimits = { shards: MAX_SHARDS, heldOutBytes: MAX_HELD_OUT_BYTES };

/** @param work the folder that holds the work, which cannot go on with other settings */
export const packTooLarge = (what: string, remedy: string, work: string): BlockZeroError =>
  new BlockZeroError("PACK_TOO_LARGE", what, `${remedy}, then remove ${work} and try again`);

/** A manifest's canonical bytes. @throws BlockZeroError PACK_TOO_LARGE */
export const manifestBytes = (manifest: PackManifest, work: string): Uint8Array => {
  const parsed = packManifestSchema.safeParse(manifest);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw packTooLarge(`what came out is no pack: ${path.join(".")}: ${message}`, "give other settings", work);
  }
  const bytes = canonicalBytes(parsed.data);
  if (bytes.length > MAX_PACK_MANIFEST_BYTES)
    throw packTooLarge(
      `the manifest has ${bytes.length} bytes, at most ${MAX_PACK_MANIFEST_BYTES} are read`,
      "give a larger --shard-bytes",
      work,
    );
  return bytes;
};
