import {
  createUpdateMemory,
  soundTensor,
  type UpdateMemory,
  type UpdateReader,
} from "#shared/artifact/update-reader.js";
import type { BlobWriter } from "#shared/blobs/blob-writer.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { createSharedScratch, type Scratch } from "#shared/files/scratch.js";
import type { OpenPart } from "#shared/parts/open-part.js";
import { beginPart } from "#shared/parts/part-writer.js";
import type { PartRef } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";
import type { TensorStep } from "./merge-tensor.js";
import type { MergeThreads } from "./merge-threads.js";
import { openUpdate } from "./open-update.js";
import { readAhead } from "./read-ahead.js";
import { type Aggregation, aggregate, aggregationOf } from "./robust/merge-robustly.js";

/** Files of one group, all of them open. */
export interface GroupFiles {
  readonly weights: OpenPart;
  readonly momentum: OpenPart | null;
  /**
   * In ascending order of artifact hash. With what it has to say of lengths, if that is not its share, and the norm, if the gates have computed it.
   */
  readonly updates: readonly {
    readonly file: ByteSource;
    readonly share: number;
    readonly voice?: number | undefined;
    readonly norm?: number;
  }[];
}

/** What the direction of a merge depends on. */
interface Planning {
  /** In ascending order of name. */
  readonly shapes: TensorShapes;
  readonly network: Pick<Network, "training" | "artifact">;
}

export interface GroupMerge extends Planning {
  readonly network: Pick<Network, "training" | "artifact" | "limits">;
  /** The step along the merged update. */
  readonly outer: OuterStep;
  readonly threads: MergeThreads;
  /** Creates a file of the new model. */
  readonly create: () => Promise<BlobWriter>;
  /** Ends it before the next tensor. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Merges a group's updates into its weights and momentum. Memory holds the tensors that are being merged, one per thread, and two more that
 * are read and written meanwhile. A rule that must look at whole updates reads the files once more for each look.
 */
export const mergeGroup = async (
  { weights, momentum, updates }: GroupFiles,
  { shapes, network, outer, threads, create, signal }: GroupMerge,
): Promise<{ readonly weights: PartRef; readonly momentum: PartRef }> => {
  const { artifact, limits } = network;
  const places = Array.from({ length: threads.count + 2 }, () => openPlace(updates.length));
  const { readers, aggregation } = await planGroup(updates, { shapes, network }, places);

  const merged = async (name: string, shape: readonly number[], place: Place): Promise<TensorStep> => {
    const [pieces, before, velocity] = await Promise.all([
      Promise.all(readers.map((reader, i) => reader.pieces(name, place.updates[i]!.pieces))),
      weights.read(name, place.weights),
      momentum ? momentum.read(name, place.momentum) : null,
    ]);
    const step: TensorStep = {
      name,
      shape,
      codec: artifact.codec,
      aggregation,
      outer,
      updates: pieces,
      weights: before,
      momentum: velocity ?? zeros(place.momentum, before.length),
    };
    await threads.take(step);
    return step;
  };

  const made = {
    weights: beginPart(create, shapes, limits.part_bytes),
    momentum: beginPart(create, shapes, limits.part_bytes),
  };
  const pending: Promise<TensorStep>[] = [];
  try {
    const writeOldest = async () => {
      const step = await pending[0]!;
      await Promise.all([made.weights.append(step.weights), made.momentum.append(step.momentum)]);
      pending.shift();
    };
    for (const [i, [name, shape]] of [...shapes].entries()) {
      signal?.throwIfAborted();
      if (pending.length === places.length) await writeOldest();
      const step = merged(name, shape, places[i % places.length]!);
      // It may fail while an earlier one is awaited.
      step.catch(() => {});
      pending.push(step);
    }
    while (pending.length > 0) await writeOldest();
    const [newWeights, newMomentum] = await Promise.all([made.weights.finish(), made.momentum.finish()]);
    return { weights: newWeights, momentum: newMomentum };
  } finally {
    // Files may be closed and memory reused only when nobody reads any more.
    await Promise.allSettled(pending);
    await made.weights.discard();
    await made.momentum.discard();
  }
};

/** The merged update of a group. */
export interface MergedUpdate {
  /** One tensor, in new memory. Only one may be read at a time. @throws BlockZeroError UPDATE_MALFORMED, and what reading the files throws */
  read(name: string): Promise<Float32Array>;
}

/**
 * The merged update of a group, as a merge uses it, for measuring it before the merge. A tensor is merged from the files whenever it is read.
 * The caller closes the files when it needs no more of it.
 *
 * @throws BlockZeroError SAFETENSORS_INVALID, UPDATE_MALFORMED, and what reading the files throws
 */
export const openMergedUpdate = async (updates: GroupFiles["updates"], options: Planning): Promise<MergedUpdate> => {
  const places = [openPlace(updates.length), openPlace(updates.length)];
  const { readers, aggregation } = await planGroup(updates, options, places);
  return { read: async (name) => aggregate(aggregation, await readTensor(readers, name, places[0]!)) };
};

const planGroup = async (
  updates: GroupFiles["updates"],
  { shapes, network }: Planning,
  places: readonly Place[],
): Promise<{ readonly readers: readonly UpdateReader[]; readonly aggregation: Aggregation }> => {
  const { training, artifact } = network;
  const readers = await Promise.all(updates.map(({ file }) => openUpdate(file, artifact.codec, shapes)));
  const norms = updates.flatMap(({ norm }) => norm ?? []);
  const looks = aggregationOf(
    updates.map(({ share }) => share),
    training.merge,
    {
      norms: norms.length === updates.length ? norms : null,
      voices: updates.map(({ share, voice = share }) => voice),
    },
  );
  return { readers, aggregation: await lookAtAll(looks, readers, shapes, places) };
};

/** Memory for one tensor of each file. */
interface Place {
  readonly updates: readonly UpdateMemory[];
  readonly weights: Scratch;
  readonly momentum: Scratch;
}

const openPlace = (updates: number): Place => ({
  updates: Array.from({ length: updates }, () => createUpdateMemory(createSharedScratch())),
  weights: createSharedScratch(),
  momentum: createSharedScratch(),
});

/** Nesterov's buffer before a group's first merge. */
const zeros = (scratch: Scratch, length: number): Float32Array => {
  const { buffer, byteOffset } = scratch(4 * length);
  return new Float32Array(buffer, byteOffset, length).fill(0);
};

/** Shows a rule all tensors, as often as the rule asks. Reads the next tensor while the rule looks at one. */
const lookAtAll = async (
  looks: ReturnType<typeof aggregationOf>,
  readers: readonly UpdateReader[],
  shapes: TensorShapes,
  [here, there]: readonly Place[],
): Promise<Aggregation> => {
  const read = (name: string, place: 0 | 1) => readTensor(readers, name, (place === 0 ? here : there)!);
  for (;;) {
    const next = looks.next();
    if (next.done) return next.value;
    for await (const deltas of readAhead(shapes.keys(), read)) next.value(deltas);
  }
};

/** One tensor of every update, read into the memory of a place. */
const readTensor = (readers: readonly UpdateReader[], name: string, place: Place): Promise<Float32Array[]> =>
  Promise.all(readers.map(async (reader, i) => soundTensor(name, await reader.read(name, place.updates[i]!))));
