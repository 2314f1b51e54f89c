import { BlockZeroError } from "#shared/errors/error.js";
import { withSource } from "#shared/files/byte-source.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { type BlobRef, blobsOf, type ModelManifest, type PartRef } from "#shared/protocol/model-manifest.js";
import { describeDifference, firstDifference } from "#shared/replay/difference.js";
import type { SubnetFiles } from "#shared/subnet/files.js";
import { isMissing } from "./missing.js";

/** Describes the first difference between the model that the majority committed and the recomputed one. */
export const compareModels = async (
  recomputed: ModelManifest,
  agreed: ModelManifest | null,
  files: SubnetFiles,
): Promise<string> => {
  if (agreed === null) return "its manifest cannot be had";
  for (const field of ["network", "cycle", "parent", "config", "steps"] as const)
    if (textOf(recomputed[field]) !== textOf(agreed[field])) return `another ${field}, ${textOf(agreed[field])}`;
  for (const [i, update] of recomputed.merged.entries())
    if (textOf(update) !== textOf(agreed.merged[i]))
      return `update ${update.artifact} of uid ${update.uid} is merged with share ${update.share}, the majority has ${textOf(agreed.merged[i])}`;
  if (agreed.merged.length > recomputed.merged.length)
    return `it merges ${textOf(agreed.merged[recomputed.merged.length])}`;
  const [ours, theirs] = [partsOf(recomputed), partsOf(agreed)];
  for (const [what, part] of ours) {
    const other = theirs.get(what) ?? null;
    if (textOf(part) === textOf(other)) continue;
    return `${what} ${other === null ? "is missing" : await comparePart(part, other, files)}`;
  }
  return `other parts: ${[...theirs.keys()].filter((what) => !ours.has(what)).join(", ")}`;
};

const comparePart = async (ours: PartRef | null, theirs: PartRef, files: SubnetFiles): Promise<string> => {
  const [own, other] = [ours ? blobsOf(ours) : [], blobsOf(theirs)];
  if (ours !== null && own.length !== other.length) return `is ${other.length} blobs, not ${own.length}`;
  const index = other.findIndex((blob, i) => textOf(blob) !== textOf(own[i]));
  const which = other.length === 1 ? "" : `blob ${index + 1} of ${other.length} `;
  return which + (await compareBlob(own[index] ?? null, other[index]!, files));
};

const compareBlob = async (ours: BlobRef | null, theirs: BlobRef, files: SubnetFiles): Promise<string> => {
  try {
    const sound = ours && (await files.sound(ours.hash));
    const difference =
      sound &&
      (await withSource(sound, async () => {
        const other = await files.open({ hash: theirs.hash, maxBytes: theirs.bytes });
        return withSource(other, () => firstDifference(sound, other));
      }));
    if (difference) return `differs ${describeDifference(difference)}`;
  } catch (thrown) {
    // The committed model's file is missing or is not part of a model, so only the difference of the hashes can be reported.
    const isUnreadable = thrown instanceof BlockZeroError && thrown.code === "SAFETENSORS_INVALID";
    if (!isMissing(thrown) && !isUnreadable) throw thrown;
  }
  return `is ${theirs.hash}, not ${ours?.hash ?? "absent"}`;
};

const partsOf = ({ parts }: ModelManifest): ReadonlyMap<string, PartRef | null> =>
  new Map<string, PartRef | null>([
    ["the hub", parts.hub],
    ...Object.entries(parts.groups).flatMap(([group, { weights, momentum }]): [string, PartRef | null][] => [
      [`group ${group}`, weights],
      [`momentum of ${group}`, momentum],
    ]),
  ]);

const textOf = (value: unknown): string =>
  value === undefined ? "nothing" : new TextDecoder().decode(canonicalBytes(value));
