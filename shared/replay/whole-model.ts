import { BlockZeroError } from "#shared/errors/error.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { loadPart } from "#shared/parts/load-part.js";
import { openPart } from "#shared/parts/open-part.js";
import {
  MAX_MODEL_MANIFEST_BYTES,
  type ModelManifest,
  type PartRef,
  parseModelManifest,
} from "#shared/protocol/model-manifest.js";
import { blobsFrom, type CycleSource } from "./source.js";

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
  const reference = parts.groups[name]?.weights;
  if (group && reference)
    return readWeights(source, reference, groupShapes(network.model, group), `group ${name} of the model`);
  throw new BlockZeroError("CHECKPOINT_MISMATCH", `the model has no group "${name}"`, "use its network file");
};

/** All tensors of a model by name, without its momentum. @throws BlockZeroError as `readGroupWeights` */
export const readWholeModel = async (source: CycleSource, manifest: ModelManifest): Promise<Parameters> => {
  const { network } = source;
  const hub = await readWeights(source, manifest.parts.hub, hubShapes(network.model, network.groups), "the hub");
  const groups = await Promise.all(Object.keys(network.groups).map((name) => readGroupWeights(source, manifest, name)));
  return Object.assign({}, hub, ...groups);
};

const readWeights = (
  source: Pick<CycleSource, "open">,
  part: PartRef,
  shapes: Readonly<Record<string, readonly number[]>>,
  what: string,
): Promise<Parameters> => loadPart(openPart(blobsFrom(source), part, new Map(Object.entries(shapes)), what));
