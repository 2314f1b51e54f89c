import { byName } from "#shared/artifact/safetensors.js";
import { BlockZeroError } from "#shared/errors.js";
import { groupShapes } from "#shared/model/groups.js";
import { type BlobRef, type MergedUpdate, type ModelManifest, modelHash } from "#shared/protocol/model-manifest.js";
import { canonicalBytes } from "#shared/protocol/network.js";
import { robustMerge } from "#shared/scoring/robust/merge-robustly.js";
import { outerStepOfTensor } from "#shared/training/outer-step.js";
import { readPart, readUpdate, type TensorReader, writePart } from "./part.js";
import type { CycleSource } from "./source.js";

export interface Model {
  readonly hash: string;
  readonly manifest: ModelManifest;
}

/** An update that is to be merged, and its share of its group's mean. */
export type Merging = Omit<MergedUpdate, "tensors">;

/** Where a merge has its files from and where it puts them. */
export interface MergeFiles<M extends Merging> {
  part(reference: BlobRef): Promise<Uint8Array>;
  /**
   * The tensors' blob of an update that passes the gates.
   *
   * @param norm L2 norm of the weights that it changes
   */
  update(update: M, norm: number): Promise<{ readonly hash: string; readonly bytes: Uint8Array }>;
  /** Keeps a file of the new model: its parts first, its manifest last. */
  store(bytes: Uint8Array): Promise<void>;
}

export interface Merge<M extends Merging> {
  readonly cycle: number;
  readonly base: Model;
  /** By group, in ascending order of artifact hash, shares summing to one; a group that is absent stays as it is. */
  readonly selected: ReadonlyMap<string, readonly M[]>;
}

/**
 * The model that a cycle makes of its base and the selected updates: the same bits for everybody, in whatever order the files come and
 * however often it is begun anew. Group by group; besides the group's files no more than one tensor of each is in memory.
 *
 * @throws BlockZeroError SAFETENSORS_INVALID, CHECKPOINT_MISMATCH, and what the files throw
 */
export const mergeModel = async <M extends Merging>(
  { network, networkHash }: Pick<CycleSource, "network" | "networkHash">,
  { cycle, base, selected }: Merge<M>,
  files: MergeFiles<M>,
): Promise<Model> => {
  const groups: ModelManifest["parts"]["groups"] = { ...base.manifest.parts.groups };
  const merged: ModelManifest["merged"] = [];
  for (const [group, updates] of selected) {
    const parts = groups[group];
    if (!parts || !network.groups[group])
      throw new BlockZeroError(
        "CHECKPOINT_MISMATCH",
        `model ${base.hash} has no group "${group}"`,
        "use its network file",
      );
    const shapes = new Map(byName(new Map(Object.entries(groupShapes(network.model, network.groups[group])))));
    const weights = readPart(await files.part(parts.weights), shapes, `group ${group} of model ${base.hash}`);
    const momentum =
      parts.momentum &&
      readPart(await files.part(parts.momentum), shapes, `momentum of ${group} of model ${base.hash}`);
    const norm = weights.norm();
    const loaded = await Promise.all(updates.map((update) => files.update(update, norm)));
    const deltas = loaded.map(({ bytes }) => readUpdate(bytes, network.artifact.codec, shapes));
    const merge = robustMerge(
      deltas.map((read, i) => ({ tensors: tensorsOf(read, shapes.keys()), share: updates[i]!.share })),
      network.training.merge,
    );

    const written = { weights: writePart(shapes), momentum: writePart(shapes) };
    for (const name of shapes.keys()) {
      const next = outerStepOfTensor(
        { weights: weights.read(name), momentum: momentum?.read(name) ?? null },
        merge(deltas.map((read) => read(name))),
        network.training,
      );
      written.weights.write(name, next.weights);
      written.momentum.write(name, next.momentum);
    }
    const [newWeights, newMomentum] = [written.weights.finish(), written.momentum.finish()];
    await files.store(newWeights.bytes);
    await files.store(newMomentum.bytes);
    groups[group] = { weights: newWeights.reference, momentum: newMomentum.reference };
    for (const [i, { uid, hotkey, artifact, share }] of updates.entries())
      merged.push({ uid, hotkey, group, artifact, tensors: loaded[i]!.hash, share });
  }
  const manifest: ModelManifest = {
    version: 1,
    kind: "model",
    network: networkHash,
    cycle,
    parent: base.hash,
    parts: { hub: base.manifest.parts.hub, groups },
    config: network.model,
    merged,
  };
  await files.store(canonicalBytes(manifest));
  return { hash: modelHash(manifest), manifest };
};

/** Can be gone through again: every tensor is decoded when its turn comes. */
const tensorsOf = (read: TensorReader, names: Iterable<string>): Iterable<Float32Array> => {
  const all = [...names];
  return {
    *[Symbol.iterator]() {
      for (const name of all) yield read(name);
    },
  };
};
