import type { FloatTensors } from "#shared/artifact/update.js";
import type { Direction, Directions } from "#shared/evaluation/measure-candidates.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { createScratch } from "#shared/files/scratch.js";
import { openMergedUpdate } from "#shared/merge/merge-group.js";
import type { Model } from "#shared/merge/merge-model.js";
import type { Selected } from "#shared/merge/selection.js";
import { groupShapeMap } from "#shared/model/groups.js";
import { openPart } from "#shared/parts/open-part.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";
import type { FloatTensor } from "#shared/tensor-files/float32.js";
import { byName } from "#shared/tensor-files/safetensors.js";
import { type Candidate, type MergePlan, updatesAlong } from "./merge-plan.js";
import { blobsFrom, type CycleSource } from "./source.js";

interface Planned {
  readonly base: Model;
  readonly plan: MergePlan;
  readonly group: string;
}

/** An update that the majority scored, with its tensors open for reading. */
export interface OpenUpdate {
  readonly file: ByteSource;
  readonly norm: number;
}

/**
 * The directions of a group's candidate steps, computed from the files of a merge.
 *
 * @param inFiles whether tensors are read from the files whenever they are needed. Otherwise all of them are in memory.
 * @param open is called once for each update that a step of the network uses
 * @param use measures along the directions, which are gone afterwards
 */
export const withDirections = async <T>(
  source: Pick<CycleSource, "network" | "open">,
  { inFiles, ...planned }: Planned & { readonly inFiles: boolean },
  open: (update: Selected<Candidate>) => Promise<OpenUpdate>,
  use: (directions: Directions) => Promise<T>,
): Promise<T> => {
  const opened: Pick<ByteSource, "close">[] = [];
  let held: Directions;
  try {
    const directions = await openDirections(source, planned, open, opened);
    if (inFiles) return await use(directions);
    held = await allInMemory(directions);
  } finally {
    for (const file of opened) await file.close();
  }
  return use(held);
};

/** @param opened gets what is to be closed */
const openDirections = async (
  source: Pick<CycleSource, "network" | "open">,
  { base, plan, group }: Planned,
  open: (update: Selected<Candidate>) => Promise<OpenUpdate>,
  opened: Pick<ByteSource, "close">[],
): Promise<Directions> => {
  const { network } = source;
  const shapes = new Map(byName(groupShapeMap(network, group)));
  const updates = new Map<string, OpenUpdate>();
  const openOnce = async (update: Selected<Candidate>): Promise<OpenUpdate> => {
    const known = updates.get(update.artifact);
    if (known) return known;
    const { file, norm } = await open(update);
    opened.push(file);
    updates.set(update.artifact, { file, norm });
    return { file, norm };
  };
  const made = new Map<string, Direction>();
  const merged = async (along: OuterStep["along"]): Promise<Direction | null> => {
    const selected = updatesAlong(plan, group, along);
    if (selected === null || !network.training.outer.steps.some((step) => step.along === along)) return null;
    const parts = selected.map(({ artifact, share, voice = share }) => `${artifact} ${share} ${voice}`).join();
    const known = made.get(parts);
    if (known) return known;
    const files = [];
    for (const update of selected) {
      const { share, voice = share } = update;
      files.push({ ...(await openOnce(update)), share, voice });
    }
    const { read } = await openMergedUpdate(files, { shapes, network });
    const direction: Direction = new Map([...shapes].map(([name, shape]) => [name, { shape, read: () => read(name) }]));
    made.set(parts, direction);
    return direction;
  };
  const momentum = async (): Promise<Direction | null> => {
    const reference = base.manifest.parts.groups[group]?.momentum;
    if (!reference) return null;
    const part = await openPart(blobsFrom(source), reference, shapes, `momentum of ${group} of model ${base.hash}`);
    opened.push(part);
    return new Map(
      [...part.tensors].map(([name, { shape }]) => [name, { shape, read: () => part.read(name, createScratch()) }]),
    );
  };
  return {
    merged: await merged("merged"),
    all: await merged("all"),
    best: await merged("best"),
    momentum: await momentum(),
  };
};

const allInMemory = async ({ merged, all, best, momentum }: Directions): Promise<Directions> => {
  const known = new Map<Direction, Direction>();
  const load = async (direction: Direction | null): Promise<Direction | null> => {
    if (!direction) return null;
    const loaded = known.get(direction) ?? (await inMemory(direction));
    known.set(direction, loaded);
    return loaded;
  };
  return {
    merged: await load(merged),
    all: await load(all),
    best: await load(best),
    momentum: await load(momentum),
  };
};

const inMemory = async (direction: Direction): Promise<FloatTensors> => {
  const tensors = new Map<string, FloatTensor>();
  for (const [name, tensor] of direction)
    tensors.set(name, "data" in tensor ? tensor : { shape: tensor.shape, data: await tensor.read() });
  return tensors;
};
