import { z } from "zod";
import { parseCanonical } from "./canonical-json.js";
import { codecName } from "./codec-name.js";
import { groupName } from "./expert-group.js";
import { hashSchema } from "./hash.js";
import { hashJson } from "./hash-json.js";
import type { Parsed } from "./parsed.js";
import { MAX_CYCLE } from "./records.js";
import type { Signer } from "./signer.js";
import { addressSchema, isSignedBy, signatureSchema, signDocument, type Verify } from "./signing.js";

/** Greatest size of an update manifest, in bytes. */
export const MAX_MANIFEST_BYTES = 4096;

/** A miner's signed statement about one update. The blob that it names holds the tensors. */
export const updateManifestSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal("update"),
  /** Full hash of the network file. */
  network: hashSchema,
  cycle: z.int().min(0).max(MAX_CYCLE),
  hotkey: addressSchema,
  group: groupName,
  /** Hash of the model that it was trained from. */
  base: hashSchema,
  /** How the tensors are encoded. Must be the network file's codec. */
  codec: codecName,
  /** Hash and length of the canonical safetensors blob. */
  tensors: hashSchema,
  bytes: z.int().positive(),
  /** The work behind the update, as the miner states it: inner steps, tokens. */
  steps: z.int().min(0),
  tokens: z.int().min(0),
  signature: signatureSchema,
});

export type UpdateManifest = z.infer<typeof updateManifestSchema>;

export type UnsignedUpdateManifest = Omit<UpdateManifest, "version" | "kind" | "hotkey" | "signature">;

/** What a hotkey signs of an update. */
export const updateBody = (fields: UnsignedUpdateManifest, hotkey: string): Omit<UpdateManifest, "signature"> => ({
  version: 1,
  kind: "update",
  hotkey,
  ...fields,
});

export const signUpdateManifest = (
  fields: UnsignedUpdateManifest,
  signer: Pick<Signer, "address" | "sign">,
): Promise<UpdateManifest> => signDocument(updateBody(fields, signer.address), signer);

/** The artifact's hash: SHA-256 of the whole manifest's canonical JSON, signature included. */
export const artifactHash = (manifest: UpdateManifest): string => hashJson(manifest);

/** Never throws, whatever the bytes. */
export const parseUpdateManifest = (bytes: Uint8Array): Parsed<UpdateManifest> =>
  parseCanonical(bytes, updateManifestSchema, MAX_MANIFEST_BYTES);

/** Whether the manifest's own hotkey signed it. */
export const isUpdateSigned = (manifest: UpdateManifest, verify: Verify): boolean =>
  isSignedBy(manifest, manifest.hotkey, verify);
