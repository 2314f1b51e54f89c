import type { FloatTensors } from "#shared/artifact/update.js";
import type { Directions } from "#shared/evaluation/measure-candidates.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { mergedUpdate } from "#shared/merge/merge-group.js";
import type { Model } from "#shared/merge/merge-model.js";
import type { Selected } from "#shared/merge/selection.js";
import { groupShapeMap } from "#shared/model/groups.js";
import { loadPart } from "#shared/parts/load-part.js";
import { openPart } from "#shared/parts/open-part.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";
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
 * @param open is called once for each update that a step of the network uses
 */
export const readDirections = async (
  source: Pick<CycleSource, "network" | "open">,
  { base, plan, group }: Planned,
  open: (update: Selected<Candidate>) => Promise<OpenUpdate>,
): Promise<Directions> => {
  const { network } = source;
  const shapes = new Map(byName(groupShapeMap(network, group)));
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
  const what = `momentum of ${group} of model ${hash}`;
  return new Map(Object.entries(await loadPart(openPart(blobsFrom(source), reference, shapes, what))));
};
