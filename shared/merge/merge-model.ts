import { type BlobWriter, writeBlob } from "#shared/blobs/blob-writer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { groupShapeMap } from "#shared/model/groups.js";
import { type OpenPart, openPart } from "#shared/parts/open-part.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import {
  type BlobRef,
  bytesOfPart,
  type MergedUpdate,
  type ModelManifest,
  modelHash,
  type PartRef,
} from "#shared/protocol/model-manifest.js";
import { modelConfigOf, type Network } from "#shared/protocol/network.js";
import { byName } from "#shared/tensor-files/safetensors.js";
import { mergeGroup } from "./merge-group.js";
import { mergeThreads, openMergeThreads } from "./merge-threads.js";

export interface Model {
  readonly hash: string;
  readonly manifest: ModelManifest;
}

/** An update to merge: its share of its group's mean, and how much it has to say of what length is usual. */
export type Merging = Omit<MergedUpdate, "tensors">;

export interface MergedFile {
  readonly hash: string;
  readonly file: ByteSource;
  /** L2 norm over all tensors of the update, if the gates have computed it. */
  readonly norm?: number;
}

/** Where a merge reads and writes its files. The merge closes every file that it receives open. */
export interface MergeFiles<M extends Merging> {
  /** A blob of a part. */
  part(blob: BlobRef): Promise<ByteSource>;
  /**
   * The tensor blob of an update that passes the gates, and its hash.
   *
   * @param norm L2 norm of the weights that it changes
   */
  update(update: M, norm: number): Promise<MergedFile>;
  /** Creates a file of the new model: its parts first, its manifest last. */
  create(): Promise<BlobWriter>;
}

/** The step that a group's model takes. */
export interface GroupStep<M> {
  /** Its number in the network file, from 1. */
  readonly step: number;
  /** The updates that give the direction, at least one, in ascending order of artifact hash. Shares sum to one. */
  readonly updates: readonly M[];
}

export interface Merge<M extends Merging> {
  readonly cycle: number;
  readonly base: Model;
  /** By group. A group without an entry stays as it is. */
  readonly steps: ReadonlyMap<string, GroupStep<M>>;
}

/** The values of the network file that a merge depends on. */
export interface MergeContext {
  readonly network: Pick<Network, "model" | "groups" | "training" | "artifact" | "limits">;
  readonly networkHash: string;
}

export interface MergeOptions {
  /** Number of additional merging threads; this thread reads and writes. 0 for none. Default: `mergeThreads()` if that pays. */
  readonly workers?: number;
  /** Ends it before the next tensor, with its reason. What was written of the group goes. */
  readonly signal?: AbortSignal;
}

/**
 * The model that a cycle makes from its base, the selected updates and the chosen steps. Everybody gets the same bits, in whatever order
 * the files arrive and however often the merge is restarted. It goes group by group and tensor by tensor: memory depends on the largest
 * tensor and the number of updates, not on the model.
 *
 * @throws BlockZeroError SAFETENSORS_INVALID, CHECKPOINT_MISMATCH; UPDATE_MALFORMED for an update that did not pass the gates; MERGE_FAILED
 *   if a thread ended, which says nothing about the files; and what the files throw
 */
export const mergeModel = async <M extends Merging>(
  { network, networkHash }: MergeContext,
  { cycle, base, steps }: Merge<M>,
  files: MergeFiles<M>,
  { workers, signal }: MergeOptions = {},
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
    const shapes = new Map(byName(groupShapeMap(network, group)));
    const open: Pick<ByteSource, "close">[] = [];
    // The threads start while the files are read for the first time.
    const threads = openMergeThreads(workers ?? workersFor(bytesOfPart(parts.weights) * updates.length));
    const part = async (reference: PartRef, what: string): Promise<OpenPart> => {
      const opened = await openPart(files.part, reference, shapes, `${what} ${group} of model ${base.hash}`);
      open.push(opened);
      return opened;
    };
    try {
      const weights = await part(parts.weights, "group");
      const momentum = parts.momentum && (await part(parts.momentum, "momentum of"));
      const norm = await weights.norm(signal);
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
        { shapes, network, outer, threads, create, signal },
      );
      for (const { uid, hotkey, artifact, hash, share, voice = share } of loaded)
        merged.push({ uid, hotkey, group, artifact, tensors: hash, share, ...(voice !== share && { voice }) });
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

/** Bytes of a group's decoded updates below which starting other threads takes longer than the work. */
const WORTH_THREADS = 64 << 20;

const workersFor = (bytes: number): number => (bytes < WORTH_THREADS ? 0 : mergeThreads());

/** All results. If one fails, throws the first failure, after all work has ended. */
const allOrNone = async <T>(work: readonly Promise<T>[]): Promise<T[]> => {
  await Promise.allSettled(work);
  return Promise.all(work);
};
