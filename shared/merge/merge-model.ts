import { type BlobWriter, writeBlob } from "#shared/blobs/blob-writer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { groupShapes } from "#shared/model/groups.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { type BlobRef, type MergedUpdate, type ModelManifest, modelHash } from "#shared/protocol/model-manifest.js";
import { modelConfigOf, type Network } from "#shared/protocol/network.js";
import { byName } from "#shared/tensor-files/safetensors.js";
import { mergeGroup } from "./merge-group.js";
import { mergeThreads, openMergeThreads } from "./merge-threads.js";
import { openPart } from "./part-files.js";

export interface Model {
  readonly hash: string;
  readonly manifest: ModelManifest;
}

/** An update that is to be merged, and its share of its group's mean. */
export type Merging = Omit<MergedUpdate, "tensors">;

export interface MergedFile {
  readonly hash: string;
  readonly file: ByteSource;
  /** L2 norm over all tensors of the update, where the gates have taken it. */
  readonly norm?: number;
}

/** Where a merge has its files from and where it puts them. What it was given open it closes. */
export interface MergeFiles<M extends Merging> {
  part(reference: BlobRef): Promise<ByteSource>;
  /**
   * The tensors' blob of an update that passes the gates, and its hash.
   *
   * @param norm L2 norm of the weights that it changes
   */
  update(update: M, norm: number): Promise<MergedFile>;
  /** Begins a file of the new model: its parts first, its manifest last. */
  create(): Promise<BlobWriter>;
}

/** The step that a group's model takes. */
export interface GroupStep<M> {
  /** Its number in the network file, from 1. */
  readonly step: number;
  /** What it goes along, in ascending order of artifact hash, shares summing to one; at least one. */
  readonly updates: readonly M[];
}

export interface Merge<M extends Merging> {
  readonly cycle: number;
  readonly base: Model;
  /** By group; one that is absent stays as it is. */
  readonly steps: ReadonlyMap<string, GroupStep<M>>;
}

/** What a merge depends on of the network file. */
export interface MergeContext {
  readonly network: Pick<Network, "model" | "groups" | "training" | "artifact">;
  readonly networkHash: string;
}

export interface MergeOptions {
  /** Threads that merge beside this one, which reads and writes; 0 for none. `mergeThreads()` where that pays if not given. */
  readonly workers?: number;
}

/**
 * The model that a cycle makes of its base, the selected updates and the chosen steps: the same bits for everybody, in whatever order the files come and
 * however often it is begun anew. Group by group and tensor by tensor: memory depends on the largest tensor and the number of updates, not
 * on the model.
 *
 * @throws BlockZeroError SAFETENSORS_INVALID, CHECKPOINT_MISMATCH; UPDATE_MALFORMED for an update that no gate let pass; MERGE_FAILED where a
 *   thread ended, which says nothing of the files; and what the files throw
 */
export const mergeModel = async <M extends Merging>(
  { network, networkHash }: MergeContext,
  { cycle, base, steps }: Merge<M>,
  files: MergeFiles<M>,
  { workers }: MergeOptions = {},
): Promise<Model> => {
  const groups: ModelManifest["parts"]["groups"] = { ...base.manifest.parts.groups };
  const merged: ModelManifest["merged"] = [];
  for (const [group, { step, updates }] of steps) {
    const parts = groups[group];
    const outer = network.training.outer.steps[step - 1];
    if (!parts || !network.groups[group] || !outer)
      throw new BlockZeroError(
        "CHECKPOINT_MISMATCH",
        outer
          ? `model ${base.hash} has no group "${group}"`
          : `group "${group}" takes a step ${step} that there is not`,
        "use its network file",
      );
    const shapes = new Map(byName(new Map(Object.entries(groupShapes(network.model, network.groups[group])))));
    const open: ByteSource[] = [];
    // They start while the files are read for the first time.
    const threads = openMergeThreads(workers ?? workersFor(parts.weights.bytes * updates.length));
    const part = async (reference: BlobRef, what: string) => {
      const file = await files.part(reference);
      open.push(file);
      return openPart(file, shapes, `${what} ${group} of model ${base.hash}`);
    };
    try {
      const weights = await part(parts.weights, "group");
      const momentum = parts.momentum && (await part(parts.momentum, "momentum of"));
      const norm = await weights.norm();
      const loaded = await allOrNone(
        updates.map(async (update) => {
          const loaded = await files.update(update, norm);
          open.push(loaded.file);
          return { ...update, ...loaded };
        }),
      );
      const { create } = files;
      groups[group] = await mergeGroup(
        { weights, momentum, updates: loaded },
        { shapes, network, outer, threads, create },
      );
      for (const { uid, hotkey, artifact, hash, share } of loaded)
        merged.push({ uid, hotkey, group, artifact, tensors: hash, share });
    } finally {
      await threads.close();
      for (const file of open) await file.close();
    }
  }
  const manifest: ModelManifest = {
    version: 2,
    kind: "model",
    network: networkHash,
    cycle,
    parent: base.hash,
    parts: { hub: base.manifest.parts.hub, groups },
    config: modelConfigOf(network),
    steps: Object.fromEntries(Object.keys(network.groups).map((group) => [group, steps.get(group)?.step ?? 0])),
    merged,
  };
  await writeBlob(files.create, canonicalBytes(manifest));
  return { hash: modelHash(manifest), manifest };
};

/** Bytes of a group's decoded updates below which other threads would take longer to start than to work. */
const WORTH_THREADS = 64 << 20;

const workersFor = (bytes: number): number => (bytes < WORTH_THREADS ? 0 : mergeThreads());

/** All results; where there is none, the first one's fault, once nothing is under way any more. */
const allOrNone = async <T>(work: readonly Promise<T>[]): Promise<T[]> => {
  await Promise.allSettled(work);
  return Promise.all(work);
};
