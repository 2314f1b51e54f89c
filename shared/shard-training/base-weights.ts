import { zeros } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { groupNamed, groupShapes, hubShapes } from "#shared/model/groups.js";
import { frozenGroups } from "#shared/model/shard.js";
import type { Participant } from "#shared/participant/participant.js";
import { type OpenPart, openPart } from "#shared/parts/open-part.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import type { BlobRef, ModelManifest } from "#shared/protocol/model-manifest.js";
import type { OpenWeights } from "#shared/training/checkpoint-tensors.js";
import { firstOf } from "#shared/training/frozen-source.js";
import type { Shapes } from "#shared/training/objective.js";

/**
 * The other groups' weights in a model that a group's shard computes with, as `openBaseWeights` gives one group's; undefined where it needs none.
 * Close it.
 */
export const openFrozenWeights = async (
  participant: Pick<Participant, "models" | "network" | "signal">,
  base: { readonly hash: string; readonly manifest: ModelManifest },
  group: string,
): Promise<OpenWeights | undefined> => {
  const names = frozenGroups(participant.network, group);
  if (names.length === 0) return undefined;
  const files: OpenWeights[] = [];
  const close = async (): Promise<void> => {
    for (const file of files) await file.close();
  };
  try {
    for (const name of names) files.push(await openBaseWeights(participant, base, name));
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { ...firstOf(files), close };
};

/**
 * A group's weights in a model, read from this machine's copy a tensor at a time. Close it.
 *
 * @throws BlockZeroError MODEL_MISMATCH, CHECKPOINT_MISMATCH, and what fetching and reading the file throw
 */
export const openBaseWeights = async (
  participant: Pick<Participant, "models" | "network" | "signal">,
  { hash, manifest }: { readonly hash: string; readonly manifest: ModelManifest },
  group: string,
): Promise<OpenWeights> => {
  const weights = manifest.parts.groups[group]?.weights;
  if (!weights)
    throw new BlockZeroError(
      "MODEL_MISMATCH",
      `model ${hash} has no group "${group}"`,
      "update BlockZero or ask the owner",
    );
  const { network } = participant;
  const shapes = groupShapes(network.model, groupNamed(network, group));
  return openWeights(participant, weights, shapes, `group ${group} of model ${hash}`);
};

/** The same of the hub. */
export const openHubWeights = (
  participant: Pick<Participant, "models" | "network" | "signal">,
  { hash, manifest }: { readonly hash: string; readonly manifest: ModelManifest },
): Promise<OpenWeights> => {
  const { model, groups } = participant.network;
  return openWeights(participant, manifest.parts.hub, hubShapes(model, groups), `the hub of model ${hash}`);
};

const openWeights = async (
  { models, signal }: Pick<Participant, "models" | "signal">,
  weights: ModelManifest["parts"]["hub"],
  shapes: Shapes,
  what: string,
): Promise<OpenWeights> => {
  const open = (blob: BlobRef) => models.open(blob, signal);
  const version = hashJson(weights);
  const part = await openPart(open, weights, new Map(Object.entries(shapes)), what);
  return { ...partFloats(part, shapes), version: () => version };
};

/** The tensors of an open part, which closing closes. @param shapes of all its tensors */
export const partFloats = ({ read, readInto, close }: OpenPart, shapes: Shapes): OpenWeights => ({
  shapes,
  read: async (name) => ({
    dtype: "float32",
    shape: shapes[name]!,
    data: await read(name, (bytes) => new Uint8Array(bytes)),
  }),
  rows: async (name, first, end) => {
    const shape = shapes[name]!.with(0, end - first);
    const rows = zeros(shape);
    await readInto(name, rows.data, first * (rows.data.length / (end - first)));
    return rows;
  },
  close,
});
