import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { behaviours, type Workplace } from "#miner/behaviours.js";
import { openPacker } from "#miner/commit/pack.js";
import { type UpdateFile, updateInMemory } from "#miner/commit/update-file.js";
import { isPlanted } from "#miner/planted.js";
import { checkTensors } from "#shared/artifact/gates.js";
import { decodeFloats, l2Norm } from "#shared/artifact/update.js";
import { bytesOfSource } from "#shared/files/byte-source.js";
import type { Parameters as Tensors } from "#shared/model/parameters.js";
import { parseUpdateManifest } from "#shared/protocol/manifest.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { inMemory, readAll } from "#shared/training/float-source.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { openMiner } from "../support/miner.js";
import { openSubnet, type Subnet } from "../support/subnet.js";
import { type Forged, forge, genesisBase, noiseUpdate, serve } from "../support/updates.js";

const open = async (t: TestContext, options: Parameters<typeof openSubnet>[1] = {}) => {
  const subnet = await openSubnet(t, options);
  const { participant, trainer, journal } = await openMiner(t, subnet, "ann");
  const base = genesisBase(subnet).group("math");
  const work: Workplace = {
    participant,
    trainer,
    group: "math",
    cycle: 1,
    base: inMemory(base),
    baseManifest: await participant.models.manifest(subnet.modelHash, participant.signal),
    // In memory, since one packer's file takes the place of another's.
    async pack(update) {
      const packer = openPacker({ participant, journal }, 1);
      const { hash, ...file } = await packer.pack(update);
      const bytes = await bytesOfSource(file);
      await packer.close();
      return updateInMemory(bytes, hash);
    },
    train: (maxSteps) =>
      trainer.train(inMemory(base), { cycle: 1, stop: () => false, ...(maxSteps !== undefined && { maxSteps }) }),
  };
  return { subnet, work, base };
};

const elementsOf = async (file: UpdateFile) =>
  [...decodeFloats(await bytesOfSource(file)).values()].flatMap(({ data }) => [...data]);

/** Norm of an update relative to what it changes. */
const relativeNorm = async (file: UpdateFile, base: Tensors) =>
  l2Norm(decodeFloats(await bytesOfSource(file)).values()) / l2Norm(Object.values(base));

describe("behaviours", { timeout: HANG_GUARD }, () => {
  it("honest trains as long as it may, lazy takes one step", async (t) => {
    const { work, base } = await open(t);
    const honest = await behaviours.honest(work);
    const lazy = await behaviours.lazy(work);
    assert.deepEqual([honest?.steps, honest?.tokens], [12, 12 * 4 * 16]);
    assert.deepEqual([lazy?.steps, lazy?.tokens], [1, 4 * 16]);
    assert.notEqual(honest?.tensors.hash, lazy?.tensors.hash);
    const norms = [await relativeNorm(honest!.tensors, base), await relativeNorm(lazy!.tensors, base)] as const;
    assert.ok(norms[0] > norms[1] && norms[1] > 0, `${norms}`);
  });

  it("honest has nothing to submit when there was no time for a step", async (t) => {
    const { work } = await open(t);
    assert.equal(await behaviours.honest({ ...work, train: () => work.train(0) }), null);
  });

  it("noise passes the gates, differs by cycle and hotkey, and is the same when made again", async (t) => {
    const { subnet, work, base } = await open(t);
    const made = await behaviours.noise(work);
    const { network } = subnet;
    const norm = await relativeNorm(made!.tensors, base);
    assert.ok(norm > 0.01 && norm < 0.1, `norm ${norm}`);
    const forged = forge(subnet, { miner: "ann", tensors: await bytesOfSource(made!.tensors) });
    const manifest = parseUpdateManifest(forged.manifest);
    assert.ok(manifest.ok);
    const result = await checkTensors(manifest.value, made!.tensors, {
      shapes: new Map(Object.entries(base).map(([name, { shape }]) => [name, shape])),
      baseNorm: l2Norm(Object.values(base)),
      maxUpdateNorm: network.scoring.max_update_norm,
      maxBytes: network.limits.artifact_bytes,
    });
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal((await behaviours.noise(work))?.tensors.hash, made?.tensors.hash);
    assert.notEqual((await behaviours.noise({ ...work, cycle: 2 }))?.tensors.hash, made?.tensors.hash);
    const signer = subnet.signer("bob");
    const other = await behaviours.noise({ ...work, participant: { ...work.participant, signer } });
    assert.notEqual(other?.tensors.hash, made?.tensors.hash);
  });

  it("plants in cycles of its own choice the opposite of an honest update, or an honest one among opposites", async (t) => {
    const { work } = await open(t);
    const cycles = Array.from({ length: 100 }, (_, i) => i + 1);
    const planted = cycles.find((cycle) => isPlanted(work.participant, cycle))!;
    const usual = cycles.find((cycle) => !isPlanted(work.participant, cycle))!;
    const run = { steps: 3, skipped: 0, tokens: 192 };
    // Trained once: what is trained is another test's affair.
    const trained = await work.train(3);
    const update = inMemory(await readAll(trained.update));
    const at = (cycle: number): Workplace => ({
      ...work,
      cycle,
      train: async () => ({ update, run: { ...trained.run, ...run } }),
    });
    const honest = await elementsOf((await behaviours.honest(at(usual)))!.tensors);

    const opposite = honest.map((element) => -element);
    const answers = { "planted-bad": [honest, opposite], "planted-good": [opposite, honest] } as const;
    for (const name of ["planted-bad", "planted-good"] as const)
      for (const [i, cycle] of [usual, planted].entries()) {
        const { tensors, steps, tokens } = (await behaviours[name](at(cycle)))!;
        assert.deepEqual(await elementsOf(tensors), answers[name][i], `${name}, cycle ${cycle}`);
        assert.deepEqual([steps, tokens], [3, 192], "what the manifest says of it tells nothing");
      }

    const idle = { ...at(planted), train: async () => ({ ...trained, run: { ...trained.run, steps: 2, skipped: 2 } }) };
    assert.equal(await behaviours["planted-bad"](idle), null, "nothing was trained");
  });

  it("copier takes the last merged update of another miner of its group, from whoever has it", async (t) => {
    const { subnet, work } = await open(t, { miners: ["ann", "bob", "cat"] });
    assert.equal(await behaviours.copier(work), null, "before the first merge there is nothing to copy");

    const forged = (miner: string, group = "math") =>
      forge(subnet, { miner, group, tensors: noiseUpdate(subnet, miner, 0.05, group) });
    const [ann, bob, cat] = [forged("ann"), forged("bob"), forged("cat", "prose")];
    const copies = (...merged: Forged[]) =>
      behaviours.copier({ ...work, baseManifest: { ...work.baseManifest, merged: merged.map(mergedOf(subnet)) } });
    await subnet.record({ bob: bob!.reveal });
    assert.equal(await copies(bob!), null, "nobody serves it");
    await serve(subnet, bob!);
    await serve(subnet, cat!);
    assert.equal(await copies(ann!, cat!), null, "neither its own nor another group's");
    const copied = await copies(ann!, cat!, bob!);
    assert.equal(copied?.tensors.hash, bob!.tensors.hash);
    assert.equal(Buffer.compare(await bytesOfSource(copied!.tensors), bob!.tensors.bytes), 0);
  });
});

const mergedOf =
  (subnet: Subnet) =>
  ({ submission, artifact, tensors }: Forged): ModelManifest["merged"][number] => ({
    uid: submission.uid,
    hotkey: submission.hotkey,
    group: submission.reveal!.group,
    artifact,
    tensors: tensors.hash,
    share: subnet.network.scoring.top_n / 4,
  });
