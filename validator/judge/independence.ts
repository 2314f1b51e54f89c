import type { FloatTensors } from "#shared/artifact/update.js";
import type { OpenChange } from "#shared/evaluation/change.js";
import { createScratch } from "#shared/files/scratch.js";
import { sketchBeginner } from "#shared/independence/count-sketch.js";
import { independenceOf } from "#shared/independence/independence.js";
import { groupShapeMap } from "#shared/model/groups.js";
import { inMemory, type ModelTensors } from "#shared/model/model-tensors.js";
import type { BaseModel } from "#shared/participant/agreement/base-model.js";
import type { Participant } from "#shared/participant/participant.js";
import { openPart } from "#shared/parts/open-part.js";
import type { RaceResult } from "#shared/scoring/racing/race.js";

/** Measures how independent a group's updates are of each other, beside the race. */
export interface IndependenceMeter {
  /** Sketches an update when it is first loaded. */
  watch(artifact: string, loading: Promise<FloatTensors | null>): Promise<FloatTensors | null>;
  /** The same of an update that is read tensor by tensor. */
  watchOpen(artifact: string, opening: Promise<OpenChange | null>): Promise<OpenChange | null>;
  isWatched(artifact: string): boolean;
  /**
   * Independence by artifact. Leaves out updates with a score of zero.
   *
   * @param unmeasured artifacts of updates that were watched, and came too late to be raced
   */
  of(
    raced: readonly { readonly artifact: string; readonly result: RaceResult }[],
    unmeasured?: readonly string[],
  ): ReadonlyMap<string, number>;
}

/**
 * Opens the meter of one group. Directions that everybody knows count as nobody's work: the group's weights, along which weight decay goes,
 * and its momentum.
 *
 * @param seed the group's evaluation seed
 * @throws what fetching the momentum throws
 */
export const openIndependenceMeter = async (
  { models, network, signal }: Pick<Participant, "models" | "network" | "signal">,
  base: BaseModel<ModelTensors>,
  group: string,
  seed: string,
): Promise<IndependenceMeter> => {
  const begin = sketchBeginner(seed);
  const shapes = groupShapeMap(network, group);
  const names = [...shapes.keys()].sort();
  const sketch = async (read: (name: string) => Promise<Float32Array> | Float32Array): Promise<Float32Array> => {
    const growing = begin();
    for (const name of names) growing.add(await read(name));
    return growing.finish();
  };
  const momentum = base.manifest.parts.groups[group]?.momentum;
  const { weights } = base.groups.get(group)!;
  const directions = [await sketch(async (name) => (await inMemory(weights[name]!)).data)];
  if (momentum) {
    const part = await openPart((blob) => models.open(blob, signal), momentum, shapes, `momentum of group ${group}`);
    try {
      const scratch = createScratch();
      directions.push(await sketch((name) => part.read(name, scratch)));
    } finally {
      await part.close();
    }
  }
  const sketches = new Map<string, Float32Array>();
  return {
    async watch(artifact, loading) {
      const tensors = await loading;
      if (tensors && !sketches.has(artifact)) sketches.set(artifact, await sketch((name) => tensors.get(name)!.data));
      return tensors;
    },
    async watchOpen(artifact, opening) {
      const change = await opening;
      if (change && !sketches.has(artifact))
        sketches.set(artifact, await sketch(async (name) => (await change.read(name)) ?? new Float32Array()));
      return change;
    },
    isWatched: (artifact) => sketches.has(artifact),
    of(raced, unmeasured = []) {
      const counted = raced.flatMap(({ artifact, result }) => {
        const seen = sketches.get(artifact);
        if (result.verdict !== "scored" || result.score === 0 || !seen) return [];
        return [{ artifact, sketch: seen, gain: result.lossReduction * result.growth }];
      });
      const late = unmeasured.flatMap((artifact) => sketches.get(artifact) ?? []);
      const shares = independenceOf(counted, directions, late);
      return new Map(counted.map(({ artifact }, i) => [artifact, shares[i]!]));
    },
  };
};
