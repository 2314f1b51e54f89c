import { BlockZeroError } from "#shared/errors/error.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { Parameters } from "#shared/model/parameters.js";
import { loadPart } from "#shared/parts/load-part.js";
import { openPart } from "#shared/parts/open-part.js";
import { openPlacedPart } from "#shared/parts/part-places.js";
import {
  type BlobRef,
  MAX_MODEL_MANIFEST_BYTES,
  type ModelManifest,
  type PartRef,
  parseModelManifest,
} from "#shared/protocol/model-manifest.js";
import { blobsFrom, type CycleSource, type FileRequest } from "./source.js";

/** @throws BlockZeroError MODEL_MANIFEST_MALFORMED, and what the source throws */
export const readModelManifest = async (source: Pick<CycleSource, "fetch">, hash: string): Promise<ModelManifest> => {
  const parsed = parseModelManifest(await source.fetch({ hash, maxBytes: MAX_MODEL_MANIFEST_BYTES }));
  if (parsed.ok) return parsed.value;
  throw new BlockZeroError(
    "MODEL_MANIFEST_MALFORMED",
    `model ${hash} has no readable manifest: ${parsed.problem}`,
    "update BlockZero, or ask the validators what they committed",
  );
};

/** One expert group's weights. @throws BlockZeroError CHECKPOINT_MISMATCH, SAFETENSORS_INVALID, and what the source throws */
export const readGroupWeights = async (
  source: CycleSource,
  { parts }: ModelManifest,
  name: string,
): Promise<Parameters> => {
  const { network } = source;
  const group = network.groups[name];
  if (!group) throw noGroup(name);
  return readWeights(source, weightsOf(parts, name), groupShapes(network.model, group), `group ${name} of the model`);
};

/** All tensors of a model by name, without its momentum. @throws BlockZeroError as `readGroupWeights` */
export const readWholeModel = async (source: CycleSource, manifest: ModelManifest): Promise<Parameters> => {
  const { network } = source;
  const hub = await readWeights(source, manifest.parts.hub, hubShapes(network.model, network.groups), "the hub");
  const groups = await Promise.all(Object.keys(network.groups).map((name) => readGroupWeights(source, manifest, name)));
  return Object.assign({}, hub, ...groups);
};

/**
 * The same for a model that need not fit in memory: its tensors stay in their files.
 *
 * @param locate the path of a sound copy of a file; as long as it stays there the tensors can be read
 * @throws BlockZeroError as `readGroupWeights`
 */
export const mapWholeModel = async (
  { network }: Pick<CycleSource, "network">,
  locate: (file: FileRequest) => Promise<string>,
  { parts }: ModelManifest,
): Promise<ModelTensors> => {
  const model: Record<string, ModelTensors[string]> = {};
  const map = async (part: PartRef, shapes: Readonly<Record<string, readonly number[]>>, what: string) => {
    const place = ({ hash, bytes }: BlobRef) => locate({ hash, maxBytes: bytes });
    const opened = await openPlacedPart(place, part, new Map(Object.entries(shapes)), what);
    await opened.close();
    Object.assign(model, Object.fromEntries(opened.places));
  };
  await map(parts.hub, hubShapes(network.model, network.groups), "the hub");
  for (const [name, group] of Object.entries(network.groups))
    await map(weightsOf(parts, name), groupShapes(network.model, group), `group ${name} of the model`);
  return model;
};

const readWeights = (
  source: Pick<CycleSource, "open">,
  part: PartRef,
  shapes: Readonly<Record<string, readonly number[]>>,
  what: string,
): Promise<Parameters> => loadPart(openPart(blobsFrom(source), part, new Map(Object.entries(shapes)), what));

const weightsOf = ({ groups }: ModelManifest["parts"], name: string): PartRef => {
  const reference = groups[name]?.weights;
  if (!reference) throw noGroup(name);
  return reference;
};

const noGroup = (name: string): BlockZeroError =>
  new BlockZeroError("CHECKPOINT_MISMATCH", `the model has no group "${name}"`, "use its network file");
