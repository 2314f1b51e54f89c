import { z } from "zod";
import { parseCanonical } from "./canonical-json.js";
import { groupName } from "./expert-group.js";
import { hashSchema } from "./hash.js";
import { hashJson } from "./hash-json.js";
import { listOf } from "./list-of.js";
import { modelConfigSchema } from "./model-config.js";
import { MAX_STEPS } from "./network-file/outer.js";
import type { Parsed } from "./parsed.js";
import { MAX_CYCLE } from "./records.js";
import { addressSchema } from "./signing.js";

/** Greatest size of a model manifest, in bytes. */
export const MAX_MODEL_MANIFEST_BYTES = 1 << 20;

/** Most blobs of a model, momentum included; the manifest has room for them. */
export const MAX_MODEL_BLOBS = 4096;

/** A canonical safetensors blob. */
export const blobSchema = z.strictObject({ hash: hashSchema, bytes: z.int().positive() });

/** A part of a model: one blob, or several that hold its tensors one after the other. */
const partSchema = z.union([blobSchema, listOf(blobSchema, MAX_MODEL_BLOBS, 2).readonly()]);

const partsSchema = z.strictObject({
  hub: partSchema,
  groups: z.record(groupName, z.strictObject({ weights: partSchema, momentum: partSchema.nullable() })),
});

const mergedSchema = z.strictObject({
  uid: z.int().min(0),
  hotkey: addressSchema,
  group: groupName,
  /** Hash of the update's manifest, and of its tensors. */
  artifact: hashSchema,
  tensors: hashSchema,
  /** Its weight in the group's mean. The shares of a group sum to 1. */
  share: z.number().gt(0).max(1),
  /** How much it had to say of what length is usual. Unset: as much as its share. */
  voice: z.number().min(0).max(1).optional(),
});

/**
 * One state of the global model: its blobs, and its origin. A miner fetches the hub and its own group, never the rest.
 *
 * The network file names the genesis model by hash, so genesis cannot name the network. In genesis `network` and `parent` are null, `cycle`
 * is 0, and `steps` and `merged` are empty. Every later model names both, and `cycle` is the cycle whose merge made it.
 */
export const modelManifestSchema = z
  .strictObject({
    version: z.literal(2),
    kind: z.literal("model"),
    network: hashSchema.nullable(),
    cycle: z.int().min(0).max(MAX_CYCLE),
    parent: hashSchema.nullable(),
    parts: partsSchema,
    config: modelConfigSchema,
    /** Group → the step that its model took, by its number in the network file. 0 if the group did not change. Empty for genesis. */
    steps: z.record(groupName, z.int().min(0).max(MAX_STEPS)),
    merged: listOf(mergedSchema, 4096),
  })
  .superRefine((model, context) => {
    const isGenesis = model.parent === null;
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if ((model.network === null) !== isGenesis) refuse("network", "is null for genesis and only there, as parent is");
    if (isGenesis && model.cycle !== 0) refuse("cycle", "is 0 for genesis");
    if (isGenesis && Object.keys(model.steps).length > 0) refuse("steps", "is empty for genesis");
    if (isGenesis && model.merged.length > 0) refuse("merged", "is empty for genesis");
    if (blobsOfModel(model).length > MAX_MODEL_BLOBS) refuse("parts", `has at most ${MAX_MODEL_BLOBS} blobs in all`);
  });

export type ModelManifest = z.infer<typeof modelManifestSchema>;
export type MergedUpdate = ModelManifest["merged"][number];
export type BlobRef = z.infer<typeof blobSchema>;
export type PartRef = z.infer<typeof partSchema>;

/** The blobs of a part, in the order of their tensors. */
export const blobsOf = (part: PartRef): readonly BlobRef[] => ("hash" in part ? [part] : part);

/** Bytes of all blobs of a part. */
export const bytesOfPart = (part: PartRef): number => blobsOf(part).reduce((sum, { bytes }) => sum + bytes, 0);

/** The reference to a part that consists of these blobs. */
export const partOf = (blobs: readonly [BlobRef, ...BlobRef[]]): PartRef => (blobs.length === 1 ? blobs[0] : blobs);

/** All blobs of a model but its manifest. */
export const blobsOfModel = ({ parts }: { readonly parts: z.infer<typeof partsSchema> }): readonly BlobRef[] => [
  ...blobsOf(parts.hub),
  ...Object.values(parts.groups).flatMap(({ weights, momentum }) => [
    ...blobsOf(weights),
    ...(momentum ? blobsOf(momentum) : []),
  ]),
];

/** The model's identity: SHA-256 of its manifest's canonical JSON, 64 hex digits. */
export const modelHash = (manifest: ModelManifest): string => hashJson(manifest);

/** Never throws, whatever the bytes. */
export const parseModelManifest = (bytes: Uint8Array): Parsed<ModelManifest> =>
  parseCanonical(bytes, modelManifestSchema, MAX_MODEL_MANIFEST_BYTES);
