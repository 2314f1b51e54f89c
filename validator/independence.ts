import type { FloatTensors } from "#shared/artifact/update.js";
import { createSketcher } from "#shared/independence/count-sketch.js";
import { independenceOf } from "#shared/independence/independence.js";
import { groupNamed, groupShapes } from "#shared/model/groups.js";
import type { BaseModel } from "#shared/participant/agreement/base-model.js";
import type { Participant } from "#shared/participant/participant.js";
import { loadPart } from "#shared/parts/load-part.js";
import { openPart } from "#shared/parts/open-part.js";
import type { RaceResult } from "#shared/scoring/racing/race.js";

/** Measures how independent a group's updates are of each other, beside the race. */
export interface IndependenceMeter {
  /** Sketches an update when it is first loaded. */
  watch(artifact: string, loading: Promise<FloatTensors | null>): Promise<FloatTensors | null>;
  isWatched(artifact: string): boolean;
  /** Independence by artifact. Leaves out updates with a score of zero. */
  of(raced: readonly { readonly artifact: string; readonly result: RaceResult }[]): ReadonlyMap<string, number>;
}

/**
 * The directions that everybody knows and that are nobody's work: the group's weights, along which weight decay goes, and its momentum.
 *
 * @param seed the group's evaluation seed
 * @throws what fetching the momentum throws
 */
export const openIndependenceMeter = async (
  { models, network, signal }: Pick<Participant, "models" | "network" | "signal">,
  base: BaseModel,
  group: string,
  seed: string,
): Promise<IndependenceMeter> => {
  const sketcher = createSketcher(seed);
  const sketch = (tensors: Iterable<readonly [string, { readonly data: Float32Array }]>) =>
    sketcher([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { data }]) => data));
  const shapes = new Map(Object.entries(groupShapes(network.model, groupNamed(network, group))));
  const momentum = base.manifest.parts.groups[group]?.momentum;
  const directions = [sketch(Object.entries(base.groups.get(group)!.weights))];
  if (momentum) {
    const part = openPart((blob) => models.open(blob, signal), momentum, shapes, `momentum of group ${group}`);
    directions.push(sketch(Object.entries(await loadPart(part))));
  }
  const sketches = new Map<string, Float32Array>();
  return {
    async watch(artifact, loading) {
      const tensors = await loading;
      if (tensors && !sketches.has(artifact)) sketches.set(artifact, sketch(tensors));
      return tensors;
    },
    isWatched: (artifact) => sketches.has(artifact),
    of(raced) {
      const counted = raced.flatMap(({ artifact, result }) => {
        const seen = sketches.get(artifact);
        if (result.verdict !== "scored" || result.score === 0 || !seen) return [];
        return [{ artifact, sketch: seen, gain: result.lossReduction * result.growth }];
      });
      const shares = independenceOf(counted, directions);
      return new Map(counted.map(({ artifact }, i) => [artifact, shares[i]!]));
    },
  };
};
