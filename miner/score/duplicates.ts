import { type ByteSource, withSource } from "#shared/artifact/byte-source.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { loadTensors } from "#shared/artifact/update-reader.js";
import { groupNamed, groupShapes } from "#shared/model/groups.js";
import type { MergedUpdate, ModelManifest } from "#shared/protocol/model-manifest.js";
import { isGone } from "#shared/replay/cycle-outcomes.js";
import { ancestry } from "#shared/replay/lineage.js";
import { openUpdate } from "#shared/replay/part.js";
import type { CycleSource } from "#shared/replay/source.js";
import { readModelManifest } from "#shared/replay/whole-model.js";
import { describeDuplicate, findDuplicates } from "#shared/scoring/duplicates.js";
import { createSketcher, type Sketch } from "#shared/scoring/sketch.js";
import type { SubnetFiles } from "#shared/subnet/files.js";
import type { Gate } from "./report.js";

export interface Compared {
  readonly artifact: string | null;
  readonly group: string;
  readonly cycle: number;
  readonly base: string;
  readonly tensors: FloatTensors;
  readonly tensorsHash: string;
}

const UNSEEN = "what others submit in this cycle cannot be seen before they reveal it";

/** What the update is known by here, whoever submits it. */
const OWN = "own";

/** Every validator's seed is its own and secret: likenesses differ by some hundredths. */
const sketcher = createSketcher(0);

/** Compares an update with those that its base and the base's ancestors were merged from, as far as they are on this machine. */
export const duplicateGate = async (
  source: CycleSource,
  files: Pick<SubnetFiles, "sound">,
  update: Compared,
  signal: AbortSignal,
): Promise<Gate> => {
  const { group, cycle } = update;
  const merged = (await ancestorsOf(source, update.base, signal)).filter((one) => one.group === group);
  const sketches = new Map<string, Sketch>();
  for (const { tensors } of merged) {
    const file = sketches.has(tensors) ? null : await files.sound(tensors);
    if (file !== null) sketches.set(tensors, await withSource(file, () => sketchOf(source, group, file)));
  }
  const artifact = update.artifact ?? update.tensorsHash;
  const found = findDuplicates({
    cycle,
    submissions: [
      {
        hotkey: OWN,
        artifact,
        tensors: update.tensorsHash,
        sketch: sketcher([...update.tensors.values()].map(({ data }) => data)),
        commitBlock: 0,
      },
    ],
    lineage: merged.map((one) => ({ ...one, sketch: sketches.get(one.tensors) ?? null })),
  }).get(OWN);
  if (found) return { gate: "duplicate", status: "failed", reason: "duplicate", detail: describeDuplicate(found) };
  const compared = `unlike the ${merged.length} merged before, of which ${sketches.size} are here to be compared by more than their hash`;
  return { gate: "duplicate", status: "passed", reason: null, detail: `${compared}; ${UNSEEN}` };
};

/** As far back as manifests are at hand. */
const ancestorsOf = async (
  source: CycleSource,
  base: string,
  signal: AbortSignal,
): Promise<readonly (MergedUpdate & { readonly cycle: number })[]> => {
  const end: ModelManifest = { ...(await readModelManifest(source, base)), parent: null, merged: [] };
  const manifest = async (hash: string): Promise<ModelManifest> => {
    try {
      return await readModelManifest(source, hash);
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      return end;
    }
  };
  return ancestry({ manifest }, base, signal);
};

const sketchOf = async ({ network }: CycleSource, group: string, file: ByteSource): Promise<Sketch> => {
  const shapes = new Map(Object.entries(groupShapes(network.model, groupNamed(network, group))));
  const tensors = await loadTensors(await openUpdate(file, network.artifact.codec, shapes));
  return sketcher([...tensors.values()].map(({ data }) => data));
};
