import type { Model } from "#shared/merge/merge-model.js";
import { type BlobRef, blobsOfModel, MAX_MODEL_MANIFEST_BYTES } from "#shared/protocol/model-manifest.js";
import type { CycleSource } from "#shared/replay/source.js";
import { orNull } from "./missing.js";

/** A model's manifest and parts. */
export const filesOf = ({ hash, manifest }: Model): readonly BlobRef[] => [
  { hash, bytes: MAX_MODEL_MANIFEST_BYTES },
  ...blobsOfModel(manifest),
];

/** Checks every copy of a file that no computation reads. @returns whether a sound copy exists */
export const glance = async (source: CycleSource, { hash, bytes }: BlobRef): Promise<boolean> => {
  const file = await source.open({ hash, maxBytes: bytes }).catch(orNull);
  await file?.close();
  return file !== null;
};
