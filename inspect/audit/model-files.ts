import type { Model } from "#shared/merge/merge-model.js";
import { type BlobRef, MAX_MODEL_MANIFEST_BYTES } from "#shared/protocol/model-manifest.js";
import type { CycleSource } from "#shared/replay/source.js";
import { orNull } from "./missing.js";

/** A model's manifest and parts. */
export const filesOf = ({ hash, manifest }: Model): readonly BlobRef[] => [
  { hash, bytes: MAX_MODEL_MANIFEST_BYTES },
  manifest.parts.hub,
  ...Object.values(manifest.parts.groups).flatMap(({ weights, momentum }) => [
    weights,
    ...(momentum ? [momentum] : []),
  ]),
];

/** Looks at every copy of a file that nothing is computed from. @returns whether there is a sound one */
export const glance = async (source: CycleSource, { hash, bytes }: BlobRef): Promise<boolean> => {
  const file = await source.open({ hash, maxBytes: bytes }).catch(orNull);
  await file?.close();
  return file !== null;
};
