import { l2Norm } from "#shared/artifact/update.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { groupShapeMap, hubShapes } from "#shared/model/groups.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { Parameters } from "#shared/model/parameters.js";
import { loadPart } from "#shared/parts/load-part.js";
import { openPart } from "#shared/parts/open-part.js";
import { openPlacedPart, type PlacedPart } from "#shared/parts/part-places.js";
import { blobsOf, type ModelManifest, type PartRef } from "#shared/protocol/model-manifest.js";
import type { Participant } from "../participant.js";

/** A whole model, for measuring losses. */
export interface BaseModel<T extends ModelTensors = Parameters> {
  readonly hash: string;
  readonly manifest: ModelManifest;
  readonly hub: T;
  readonly groups: ReadonlyMap<string, GroupModel<T>>;
}

export interface GroupModel<T extends ModelTensors = Parameters> {
  readonly weights: T;
  /** L2 norm of the weights. */
  readonly norm: number;
}

type Reader = Pick<Participant, "models" | "network" | "signal">;

/**
 * Fetches every part of a model, and reads all parts but the momentum, which is only compared with the network file.
 *
 * @throws BlockZeroError CHECKPOINT_MISMATCH, and what fetching throws
 */
export const loadModel = ({ models, network, signal }: Reader, hash: string): Promise<BaseModel> => {
  const load: ReadPart<Parameters> = (part, shapes, what) =>
    loadPart(openPart((blob) => models.open(blob, signal), part, shapes, what));
  return readModel({ models, network, signal }, hash, {
    hub: load,
    group: async (...part) => {
      const weights = await load(...part);
      return { weights, norm: l2Norm(Object.values(weights)) };
    },
  });
};

/**
 * The same for a model that need not fit in memory: its tensors stay in their files, as long as a blob that was used now.
 *
 * @throws BlockZeroError as `loadModel`
 */
export const mapModel = ({ models, network, signal }: Reader, hash: string): Promise<BaseModel<ModelTensors>> => {
  const reading =
    <T>(read: (opened: PlacedPart) => Promise<T>): ReadPart<T> =>
    async (part, shapes, what) => {
      const opened = await openPlacedPart((blob) => models.locate(blob, signal), part, shapes, what);
      try {
        return await read(opened);
      } finally {
        await opened.close();
      }
    };
  return readModel<ModelTensors>({ models, network, signal }, hash, {
    hub: reading(async ({ places }) => Object.fromEntries(places)),
    group: reading(async ({ places, norm }) => ({ weights: Object.fromEntries(places), norm: await norm(signal) })),
  });
};

type ReadPart<T> = (part: PartRef, shapes: ReadonlyMap<string, readonly number[]>, what: string) => Promise<T>;

const readModel = async <T extends ModelTensors>(
  { models, network, signal }: Reader,
  hash: string,
  read: { readonly hub: ReadPart<T>; readonly group: ReadPart<GroupModel<T>> },
): Promise<BaseModel<T>> => {
  const manifest = await models.manifest(hash, signal);
  const { hub, groups } = manifest.parts;
  const found = new Map<string, GroupModel<T>>();
  for (const name of Object.keys(network.groups)) {
    // To check the hashes of one that does not fit in memory takes minutes, and who gave up waits for none.
    signal.throwIfAborted();
    const shapes = groupShapeMap(network, name);
    const parts = groups[name];
    if (!parts)
      throw new BlockZeroError(
        "CHECKPOINT_MISMATCH",
        `model ${hash} does not fit the network file: it has no group "${name}"`,
        "use a checkpoint of this network, or the network file that the checkpoint was made for",
      );
    found.set(name, await read.group(parts.weights, shapes, `group ${name} of model ${hash}`));
    // The merge reads it from the file. It must be here by then, but a file that is unused for some cycles is deleted.
    if (parts.momentum) for (const blob of blobsOf(parts.momentum)) await (await models.open(blob, signal)).close();
  }
  const shapes = new Map(Object.entries(hubShapes(network.model, network.groups)));
  return { hash, manifest, hub: await read.hub(hub, shapes, `hub of ${hash}`), groups: found };
};

const hashes = new WeakMap<ModelTensors, string>();

/** All tensors of the model by name. */
export const wholeModel = <T extends ModelTensors>({ hash, hub, groups }: BaseModel<T>): T => {
  const whole: T = Object.assign({}, hub, ...[...groups.values()].map(({ weights }) => weights));
  hashes.set(whole, hash);
  return whole;
};

/** The hash of the model that `wholeModel` gave the tensors of; undefined of others. */
export const hashOf = (model: ModelTensors): string | undefined => hashes.get(model);
