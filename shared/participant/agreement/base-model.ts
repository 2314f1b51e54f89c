import { l2Norm } from "#shared/artifact/update.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { loadPart } from "#shared/parts/load-part.js";
import { openPart } from "#shared/parts/open-part.js";
import { blobsOf, type ModelManifest, type PartRef } from "#shared/protocol/model-manifest.js";
import type { Participant } from "../participant.js";

/** A whole model in memory, for measuring losses. */
export interface BaseModel {
  readonly hash: string;
  readonly manifest: ModelManifest;
  readonly hub: Parameters;
  readonly groups: ReadonlyMap<string, GroupModel>;
}

export interface GroupModel {
  readonly weights: Parameters;
  /** L2 norm of the weights. */
  readonly norm: number;
}

/**
 * Fetches every part of a model, and reads all parts but the momentum, which is only compared with the network file.
 *
 * @throws BlockZeroError CHECKPOINT_MISMATCH, and what fetching throws
 */
export const loadModel = async (
  { models, network, signal }: Pick<Participant, "models" | "network" | "signal">,
  hash: string,
): Promise<BaseModel> => {
  const manifest = await models.manifest(hash, signal);
  const { hub, groups } = manifest.parts;
  const load = (part: PartRef, shapes: Readonly<Record<string, readonly number[]>>, what: string) =>
    loadPart(openPart((blob) => models.open(blob, signal), part, new Map(Object.entries(shapes)), what));
  const loaded = new Map<string, GroupModel>();
  for (const [name, group] of Object.entries(network.groups)) {
    const shapes = groupShapes(network.model, group);
    const parts = groups[name];
    if (!parts)
      throw new BlockZeroError(
        "CHECKPOINT_MISMATCH",
        `model ${hash} does not fit the network file: it has no group "${name}"`,
        "use a checkpoint of this network, or the network file that the checkpoint was made for",
      );
    const weights = await load(parts.weights, shapes, `group ${name} of model ${hash}`);
    // The merge reads it from the file. It must be here by then, but a file that is unused for some cycles is deleted.
    if (parts.momentum) for (const blob of blobsOf(parts.momentum)) await (await models.open(blob, signal)).close();
    loaded.set(name, { weights, norm: l2Norm(Object.values(weights)) });
  }
  return {
    hash,
    manifest,
    hub: await load(hub, hubShapes(network.model, network.groups), `hub of ${hash}`),
    groups: loaded,
  };
};

/** All tensors of the model by name. */
export const wholeModel = ({ hub, groups }: BaseModel): Parameters =>
  Object.assign({}, hub, ...[...groups.values()].map(({ weights }) => weights));
