import type { FloatTensors } from "#shared/artifact/update.js";
import type { Directions } from "#shared/evaluation/measure-candidates.js";
import { type ByteSource, withSource } from "#shared/files/byte-source.js";
import { createScratch } from "#shared/files/scratch.js";
import { mergedUpdate } from "#shared/merge/merge-group.js";
import type { Model } from "#shared/merge/merge-model.js";
import { openPart } from "#shared/merge/part-files.js";
import type { Selected } from "#shared/merge/selection.js";
import { groupShapes } from "#shared/model/groups.js";
import type { OuterStep } from "#shared/protocol/outer-step.js";
import { byName } from "#shared/tensor-files/safetensors.js";
import { type Candidate, type MergePlan, updatesAlong } from "./merge-plan.js";
import type { CycleSource } from "./source.js";

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
 * @param open is called once for each update that a step of the network uses
 */
export const readDirections = async (
  source: Pick<CycleSource, "network" | "open">,
  { base, plan, group }: Planned,
  open: (update: Selected<Candidate>) => Promise<OpenUpdate>,
): Promise<Directions> => {
  const { network } = source;
  const shapes = new Map(byName(new Map(Object.entries(groupShapes(network.model, network.groups[group]!)))));
  const opened = new Map<string, OpenUpdate>();
  const openOnce = async (update: Selected<Candidate>): Promise<OpenUpdate> => {
    const known = opened.get(update.artifact) ?? (await open(update));
    opened.set(update.artifact, known);
    return known;
  };
  const made = new Map<string, FloatTensors>();
  const merged = async (along: OuterStep["along"]): Promise<FloatTensors | null> => {
    const updates = updatesAlong(plan, group, along);
    if (updates === null || !network.training.outer.steps.some((step) => step.along === along)) return null;
    const parts = updates.map(({ artifact, share }) => `${artifact} ${share}`).join();
    const known = made.get(parts);
    if (known) return known;
    const files = [];
    for (const update of updates) files.push({ ...(await openOnce(update)), share: update.share });
    const update = await mergedUpdate(files, { shapes, network });
    made.set(parts, update);
    return update;
  };
  try {
    return {
      merged: await merged("merged"),
      all: await merged("all"),
      best: await merged("best"),
      momentum: await momentumOf(source, base, group, shapes),
    };
  } finally {
    for (const { file } of opened.values()) await file.close();
  }
};

const momentumOf = async (
  source: Pick<CycleSource, "open">,
  { manifest, hash }: Model,
  group: string,
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<FloatTensors | null> => {
  const reference = manifest.parts.groups[group]?.momentum;
  if (!reference) return null;
  const file = await source.open({ hash: reference.hash, maxBytes: reference.bytes });
  return withSource(file, async () => {
    const part = await openPart(file, shapes, `momentum of ${group} of model ${hash}`);
    const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const [name, shape] of shapes) tensors.set(name, { shape, data: await part.read(name, createScratch()) });
    return tensors;
  });
};
