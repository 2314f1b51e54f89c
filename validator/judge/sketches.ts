import { createUpdateMemory } from "#shared/artifact/update-reader.js";
import { inTurns } from "#shared/blobs/in-turns.js";
import { reasonOf } from "#shared/errors/error.js";
import { createScratch } from "#shared/files/scratch.js";
import { independenceOf } from "#shared/independence/independence.js";
import { openSketching, type Sketching } from "#shared/independence/sketching.js";
import { groupShapeMap } from "#shared/model/groups.js";
import { inMemory, type ModelTensors } from "#shared/model/model-tensors.js";
import type { BaseModel } from "#shared/participant/agreement/base-model.js";
import type { Participant } from "#shared/participant/participant.js";
import { openPart } from "#shared/parts/open-part.js";
import type { GatedUpdate } from "#shared/replay/gate-submission.js";
import type { RaceResult } from "#shared/scoring/racing/race.js";
import type { OpenWeights } from "#shared/training/checkpoint-tensors.js";
import type { GatedReader } from "./gated-cache.js";
import { madeOnce } from "./made-once.js";

/**
 * Sketches of a cycle's updates, by which it is measured how independent they are of each other. They are made one after another beside all else:
 * only a tensor is in memory at a time, and a thread of its own computes.
 */
export interface Sketches {
  /**
   * Begins with the directions that everybody knows of a group and that count as nobody's work: its weights, along which weight decay goes, and its
   * momentum; and with the validator's own trainings of it. Resolves when they are sketched or cannot be.
   *
   * @param seed the group's evaluation seed
   */
  expect(group: string, seed: string): Promise<void>;
  /**
   * Sketches an update, after what everybody knows of its group. False if one of both cannot be read: who asks again has it read again. Throws on the
   * participant's own abort alone.
   */
  add(update: GatedUpdate, seed: string): Promise<boolean>;
  /**
   * Independence by artifact of a group's updates that were sketched. Leaves out those with a score of zero.
   *
   * @param unmeasured updates of the group that came too late to be raced
   */
  independence(
    of: { readonly group: string; readonly seed: string },
    raced: readonly { readonly update: GatedUpdate; readonly result: RaceResult }[],
    unmeasured?: readonly GatedUpdate[],
  ): ReadonlyMap<string, number>;
  /** Whether the group's are measured beside trainings of the validator's own. */
  hasWitnesses(group: string, seed: string): boolean;
  close(): Promise<void>;
}

/** @param openWitnesses opens the validator's own trainings of a group, none where it has none */
export const openSketches = (
  { models, network, log, signal }: Pick<Participant, "models" | "network" | "log" | "signal">,
  base: BaseModel<ModelTensors>,
  reader: Pick<GatedReader, "open">,
  openWitnesses: (group: string) => Promise<readonly OpenWeights[]> = async () => [],
): Sketches => {
  const over = new AbortController();
  // They are read in turns.
  const memory = createUpdateMemory();
  let thread: Sketching | null = null;
  const inTurn = inTurns(1, over.signal);
  const sketch = (
    { group, seed }: { readonly group: string; readonly seed: string },
    read: (name: string) => Promise<Float32Array>,
  ): Promise<Float32Array> => {
    const names = [...groupShapeMap(network, group).keys()].sort();
    const tensors = async function* () {
      for (const name of names) {
        over.signal.throwIfAborted();
        yield await read(name);
      }
    };
    thread ??= openSketching();
    return thread.sketch(seed, tensors());
  };

  /** Of the group's weights, and of its momentum where it has one. */
  const readKnown = async (group: string, seed: string): Promise<readonly Float32Array[]> => {
    const { weights } = base.groups.get(group)!;
    const ofWeights = await sketch({ group, seed }, async (name) => (await inMemory(weights[name]!)).data);
    const momentum = base.manifest.parts.groups[group]?.momentum;
    if (!momentum) return [ofWeights];
    const shapes = groupShapeMap(network, group);
    const part = await openPart((blob) => models.open(blob, signal), momentum, shapes, `momentum of group ${group}`);
    try {
      const scratch = createScratch();
      return [ofWeights, await sketch({ group, seed }, (name) => part.read(name, scratch))];
    } finally {
      await part.close();
    }
  };
  /** Of the validator's own trainings of the group. Without them, independence goes by the updates alone. */
  const readWitnesses = async (group: string, seed: string): Promise<readonly Float32Array[]> => {
    let opened: readonly OpenWeights[] = [];
    try {
      opened = await openWitnesses(group);
      const sketches: Float32Array[] = [];
      for (const witness of opened)
        sketches.push(await sketch({ group, seed }, async (name) => (await witness.read(name)).data));
      return sketches;
    } catch (thrown) {
      over.signal.throwIfAborted();
      signal.throwIfAborted();
      log.warn("trainings of one's own not read: independence is measured without them", {
        group,
        reason: reasonOf(thrown),
      });
      return [];
    } finally {
      for (const witness of opened) await witness.close();
    }
  };
  const readUpdate = async (update: GatedUpdate, seed: string): Promise<Float32Array | null> => {
    const change = await reader.open(update, memory);
    if (!change) return null;
    try {
      return await sketch(
        { group: update.group, seed },
        async (name) => (await change.read(name)) ?? new Float32Array(),
      );
    } finally {
      await change.close();
    }
  };
  const known = madeOnce(
    (group: string, seed: string) =>
      inTurn(async () => ({
        directions: await readKnown(group, seed),
        witnesses: await readWitnesses(group, seed),
      })),
    (group) => group,
  );
  const own = madeOnce(
    async (update: GatedUpdate, seed: string): Promise<Float32Array | null> => {
      const { group, artifact } = update;
      try {
        await known.ask(group, seed);
        return await inTurn(() => readUpdate(update, seed));
      } catch (thrown) {
        if (!over.signal.aborted && !signal.aborted)
          log.warn("update not compared with the others", { group, artifact, reason: reasonOf(thrown) });
        throw thrown;
      }
    },
    ({ artifact }) => artifact,
  );
  return {
    expect: (group, seed) =>
      known.ask(group, seed).then(
        () => {},
        () => {},
      ),
    async add(update, seed) {
      try {
        return (await own.ask(update, seed)) !== null;
      } catch {
        signal.throwIfAborted();
        return false;
      }
    },
    independence({ group, seed }, raced, unmeasured = []) {
      const everybodys = known.made(group, seed);
      if (!everybodys) return new Map();
      const counted = raced.flatMap(({ update, result }) => {
        const made = own.made(update, seed);
        if (result.verdict !== "scored" || result.score === 0 || !made) return [];
        return [{ update, sketch: made, gain: result.lossReduction * result.growth }];
      });
      const late = unmeasured.flatMap((update) => own.made(update, seed) ?? []);
      const { directions, witnesses } = everybodys;
      const shares = independenceOf(counted, directions, { unmeasured: late, witnesses });
      return new Map(counted.map(({ update }, i) => [update.artifact, shares[i]!]));
    },
    hasWitnesses: (group, seed) => (known.made(group, seed)?.witnesses.length ?? 0) > 0,
    async close() {
      over.abort();
      await thread?.close();
    },
  };
};
