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

export const packTooLarge = (what: string, remedy: string): BlockZeroError =>
  new BlockZeroError("PACK_TOO_LARGE", what, remedy);

/** A manifest's canonical bytes. @throws BlockZeroError PACK_TOO_LARGE */
export const manifestBytes = (manifest: PackManifest): Uint8Array => {
  const parsed = packManifestSchema.safeParse(manifest);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw packTooLarge(`what came out is no pack: ${path.join(".")}: ${message}`, "give other settings");
  }
  const bytes = canonicalBytes(parsed.data);
  if (bytes.length > MAX_PACK_MANIFEST_BYTES)
    throw packTooLarge(
      `the manifest has ${bytes.length} bytes, at most ${MAX_PACK_MANIFEST_BYTES} are read`,
      "give a larger --shard-bytes",
    );
  return bytes;
};
