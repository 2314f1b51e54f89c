import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { createSketcher } from "#shared/independence/count-sketch.js";
import { independenceOf } from "#shared/independence/independence.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { Parameters } from "#shared/model/parameters.js";
import { type BaseModel, loadModel, mapModel } from "#shared/participant/agreement/base-model.js";
import type { GatedUpdate } from "#shared/replay/gate-submission.js";
import type { RaceResult } from "#shared/scoring/racing/race.js";
import type { OpenWeights } from "#shared/training/checkpoint-tensors.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import type { GatedReader } from "#validator/judge/gated-cache.js";
import { openSketches } from "#validator/judge/sketches.js";
import { plus } from "../../attacks/arena/change.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { type Joined, openSubnet } from "../../support/subnet.js";
import { genesisBase, noiseUpdate } from "../../support/updates.js";

const SEED = "7".repeat(64);

const updateOf = (artifact: string, group = "math"): GatedUpdate => ({
  ...{ group, artifact, tensorsHash: artifact, location: "" },
  manifest: {} as GatedUpdate["manifest"],
});

const scored = (lossReduction: number): RaceResult => ({
  ...{ verdict: "scored", lossReduction, standardError: 0.001, score: lossReduction / 2, growth: 1, batches: 8 },
});

const sorted = (tensors: Parameters): Float32Array[] =>
  Object.keys(tensors)
    .sort()
    .map((name) => tensors[name]!.data);

/** The sketches of a cycle that starts from `base`, where updates are read from `given`, by artifact. */
const open = (
  t: TestContext,
  vera: Joined,
  base: BaseModel<ModelTensors>,
  given: Readonly<Record<string, Parameters>>,
  openWitnesses?: (group: string) => Promise<readonly OpenWeights[]>,
) => {
  const read: string[] = [];
  const reader: Pick<GatedReader, "open"> = {
    open: async ({ artifact }) => {
      read.push(artifact);
      const tensors = given[artifact];
      return tensors ? { read: async (name) => tensors[name]!.data, close: async () => {} } : null;
    },
  };
  const sketches = openSketches(vera, base, reader, openWitnesses);
  t.after(() => sketches.close());
  return { sketches, read };
};

describe("the sketches of a cycle", { timeout: HANG_GUARD }, () => {
  it("say how independent updates are, wherever the model lies, and read each once", async (t) => {
    const subnet = await openSubnet(t);
    const given = Object.fromEntries(["ann", "bob", "cat"].map((name) => [name, noiseUpdate(subnet, name, 0.1)]));
    const sketcher = createSketcher(SEED);
    const gains = [0.01, 0.02, 0.03];
    const expected = independenceOf(
      Object.values(given).map((tensors, i) => ({ sketch: sketcher(sorted(tensors)), gain: gains[i]! })),
      [sketcher(sorted(genesisBase(subnet).group("math")))],
    );
    const vera = await subnet.join("vera");
    for (const base of [await loadModel(vera, subnet.modelHash), await mapModel(vera, subnet.modelHash)]) {
      const { sketches, read } = open(t, vera, base, given);
      sketches.expect("math", SEED);
      const updates = Object.keys(given).map((name) => updateOf(name));
      for (const update of [...updates, ...updates]) assert.ok(await sketches.add(update, SEED));
      const raced = updates.map((update, i) => ({ update, result: scored(gains[i]!) }));
      const found = sketches.independence({ group: "math", seed: SEED }, raced);
      assert.deepEqual([...found.values()], expected);
      assert.deepEqual(read, Object.keys(given));
      const other = { group: "math", seed: "8".repeat(64) };
      assert.equal(sketches.independence(other, raced).size, 0, "they are one seed's");
    }
  });

  it("lack what cannot be read, and that alone", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const base = await loadModel(vera, subnet.modelHash);
    const { groups } = base.manifest.parts;
    const gone = { hash: "0".repeat(64), bytes: 8 };
    const parts = { ...base.manifest.parts, groups: { ...groups, math: { ...groups.math!, momentum: gone } } };
    const given = { dan: noiseUpdate(subnet, "dan", 0.1, "prose"), ann: noiseUpdate(subnet, "ann", 0.1) };
    const { sketches } = open(t, vera, { ...base, manifest: { ...base.manifest, parts } }, given);
    assert.equal(await sketches.add(updateOf("ann"), SEED), false, "its group's momentum is gone");
    assert.equal(await sketches.add(updateOf("eve", "prose"), SEED), false);
    assert.equal(await sketches.add(updateOf("dan", "prose"), SEED), true);
    const raced = [{ update: updateOf("dan", "prose"), result: scored(0.01) }];
    assert.deepEqual([...sketches.independence({ group: "prose", seed: SEED }, raced).values()], [1]);
    assert.ok(vera.lines.some(({ message }) => message === "update not compared with the others"));
  });

  it("have the next updates of a group whose momentum could not be read once", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const base = await loadModel(vera, subnet.modelHash);
    const { groups } = base.manifest.parts;
    const momentum = groups.math!.weights;
    const parts = { ...base.manifest.parts, groups: { ...groups, math: { ...groups.math!, momentum } } };
    const given = { ann: noiseUpdate(subnet, "ann", 0.1), bob: noiseUpdate(subnet, "bob", 0.1) };
    let faults = 1;
    const models: typeof vera.models = {
      ...vera.models,
      open: async (blob, signal) => {
        if (faults-- > 0) throw new BlockZeroError("FILE_UNREADABLE", "too many open files", "close some");
        return vera.models.open(blob, signal);
      },
    };
    const { sketches } = open(t, { ...vera, models }, { ...base, manifest: { ...base.manifest, parts } }, given);
    assert.equal(await sketches.add(updateOf("ann"), SEED), false);
    assert.equal(await sketches.add(updateOf("bob"), SEED), true);
    assert.equal(await sketches.add(updateOf("ann"), SEED), true, "it is read again when it is asked for again");
  });

  it("go by the validator's own trainings where it has such, and without them where these cannot be read", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const base = await loadModel(vera, subnet.modelHash);
    const given = Object.fromEntries(["ann", "bob", "cat"].map((name) => [name, noiseUpdate(subnet, name, 0.1)]));
    // Both have something in common with ann's update alone.
    const witnesses = ["one", "other"].map((name) => plus(given.ann!, noiseUpdate(subnet, name, 0.1)));
    const sketcher = createSketcher(SEED);
    const sketched = Object.values(given).map((tensors) => ({ sketch: sketcher(sorted(tensors)), gain: 0.01 }));
    const known = [sketcher(sorted(genesisBase(subnet).group("math")))];
    const expected = {
      with: independenceOf(sketched, known, { witnesses: witnesses.map((one) => sketcher(sorted(one))) }),
      without: independenceOf(sketched, known),
    };
    assert.notDeepEqual(expected.with, expected.without);
    const closed: string[] = [];
    const opened = async (group: string) =>
      witnesses.map((tensors) => ({ ...frozenInMemory(tensors), close: async () => void closed.push(group) }));
    const broken = async () => {
      throw new RangeError("the disk does not answer");
    };
    for (const [openWitnesses, figures] of [
      [opened, expected.with],
      [broken, expected.without],
    ] as const) {
      const { sketches } = open(t, vera, base, given, openWitnesses);
      const updates = Object.keys(given).map((name) => updateOf(name));
      for (const update of updates) assert.ok(await sketches.add(update, SEED));
      const raced = updates.map((update) => ({ update, result: scored(0.01) }));
      assert.deepEqual([...sketches.independence({ group: "math", seed: SEED }, raced).values()], figures);
      assert.equal(sketches.hasWitnesses("math", SEED), openWitnesses === opened);
    }
    assert.deepEqual(closed, ["math", "math"]);
    assert.ok(vera.lines.some(({ message }) => message.startsWith("trainings of one's own not read")));
  });
});
