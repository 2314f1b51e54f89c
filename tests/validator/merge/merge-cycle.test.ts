import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import { groupShapeMap } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { loadModel } from "#shared/participant/agreement/base-model.js";
import type { Participant } from "#shared/participant/participant.js";
import { loadPart } from "#shared/parts/load-part.js";
import { openPart } from "#shared/parts/open-part.js";
import { type BlobRef, type MergedUpdate, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { ancestry, lineage } from "#shared/replay/lineage.js";
import { judgeCycle } from "#validator/judge/judge.js";
import { agreeOn, mergeCycle } from "#validator/merge/merge-cycle.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { parameters } from "../../support/micro-network.js";
import { publishReports, reportOf, scoredEntry } from "../../support/reports.js";
import { openSubnet, type Subnet, type SubnetOptions } from "../../support/subnet.js";
import { type Forged, forge, noiseUpdate, submit, trainedUpdate } from "../../support/updates.js";
import { openMeter } from "../../support/validator.js";

/** Cycle 1 until its merge: every forgery was submitted, and both validators report the same scores. */
const open = async (
  t: TestContext,
  forgeries: (subnet: Subnet) => Readonly<Record<string, Forged>>,
  scores: Readonly<Record<string, number>>,
  options: SubnetOptions = {},
) => {
  const subnet = await openSubnet(t, options);
  const vera = await subnet.join("vera");
  const vito = await subnet.join("vito");
  const forged = forgeries(subnet);
  await submit(subnet, forged);
  const entries = Object.entries(scores).map(([name, score]) => scoredEntry(forged[name]!, score));
  await publishReports(subnet, {
    vera: reportOf(subnet, "vera", { entries }),
    vito: reportOf(subnet, "vito", { entries }),
  });
  return { subnet, vera, vito, forged };
};

/** What was merged into a model and those before it. */
const mergedInto = ({ models, signal }: Participant, model: string) =>
  ancestry(lineage(model, (hash) => models.manifest(hash, signal)));

const merge = async (participant: Participant, cycle = 1) =>
  mergeCycle(participant, cycle, await agreeOn(participant, cycle));

const delay = async ({ chain }: Participant, hash: string): Promise<void> => {
  for (let turns = Number.parseInt(hash.slice(0, 2), 16) % 7; turns > 0; turns--) await chain.head();
};

/** Sees the chain's lists in another order, and gets files at other moments. */
const contrary = (participant: Participant): Participant => ({
  ...participant,
  chain: {
    ...participant.chain,
    commitments: async (...query) => [...(await participant.chain.commitments(...query))].reverse(),
    metagraph: async (...query) => {
      const metagraph = await participant.chain.metagraph(...query);
      return { ...metagraph, neurons: [...metagraph.neurons].reverse() };
    },
  },
  blobs: {
    ...participant.blobs,
    get: async (request) => {
      const bytes = await participant.blobs.get(request);
      await delay(participant, request.hash);
      return bytes;
    },
    open: async (request) => {
      const file = await participant.blobs.open(request);
      await delay(participant, request.hash);
      return file;
    },
  },
});

const shares = (merged: readonly MergedUpdate[]) =>
  Object.fromEntries(merged.map(({ uid, share }) => [uid, Number(share.toFixed(12))]));

const closeTo = (actual: Parameters, expected: (name: string, i: number) => number) => {
  for (const [name, { data }] of Object.entries(actual))
    for (const [i, value] of data.entries())
      assert.ok(Math.abs(value - expected(name, i)) < 1e-6, `${name}[${i}]: ${value}, not ${expected(name, i)}`);
};

describe("mergeCycle", { timeout: HANG_GUARD }, () => {
  it("makes the same model for every validator, whatever comes first", async (t) => {
    const names = ["ann", "bob", "cat"];
    const { subnet, vera, vito } = await open(
      t,
      (subnet) =>
        Object.fromEntries(
          names.map((miner) => [miner, forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.05) })]),
        ),
      { ann: 0.3, bob: 0.1, cat: 0.2 },
      { miners: names },
    );
    const a = await merge(vera);
    const b = await merge(contrary(vito));
    assert.equal(a.hash, b.hash);
    assert.deepEqual(a.manifest, b.manifest);

    const { manifest } = a;
    assert.deepEqual([manifest.parent, manifest.cycle, manifest.network], [subnet.modelHash, 1, subnet.networkHash]);
    assert.deepEqual(shares(manifest.merged), { [subnet.uid("ann")]: 0.6, [subnet.uid("cat")]: 0.4 });
    assert.deepEqual(
      manifest.merged.map(({ artifact }) => artifact),
      manifest.merged.map(({ artifact }) => artifact).sort(),
    );

    // Nesterov's first step from no momentum: θ + lr · (1 + momentum) · the weighted mean of the updates.
    const genesis = await loadModel(vera, subnet.modelHash);
    const next = await loadModel(vera, a.hash);
    const { lr, momentum: mu } = subnet.network.training.outer.steps[0]!;
    const [ann, cat] = [noiseUpdate(subnet, "ann", 0.05), noiseUpdate(subnet, "cat", 0.05)];
    const delta = (name: string, i: number) => 0.6 * ann[name]!.data[i]! + 0.4 * cat[name]!.data[i]!;
    closeTo(next.groups.get("math")!.weights, (name, i) => parameters[name]!.data[i]! + lr * (1 + mu) * delta(name, i));
    const shapes = groupShapeMap(subnet.network, "math");
    const blob = (reference: BlobRef) => vera.models.open(reference, vera.signal);
    const momentum = await loadPart(openPart(blob, manifest.parts.groups.math!.momentum!, shapes, "momentum"));
    closeTo(momentum, (name, i) => -delta(name, i));
    assert.deepEqual(next.hub, genesis.hub);
    assert.deepEqual(manifest.parts.groups.prose, genesis.manifest.parts.groups.prose, "nobody improved it");
    const response = await fetch(`${vera.location}/blob/${a.hash}`);
    const served = parseModelManifest(new Uint8Array(await response.arrayBuffer()));
    assert.deepEqual(served.ok && served.value, manifest);
  });

  it("leaves every group as it is when nobody improved it", async (t) => {
    const { subnet, vera, vito } = await open(
      t,
      (subnet) => ({ ann: forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) }) }),
      { ann: 0 },
    );
    const genesis = await loadModel(vera, subnet.modelHash);
    const { manifest, hash } = await merge(vera);
    assert.deepEqual([manifest.parts, manifest.merged], [genesis.manifest.parts, []]);
    assert.equal((await merge(vito)).hash, hash);
    assert.deepEqual(await mergedInto(vera, hash), []);
  });

  it("does not count what only a minority scored, nor a report about another model", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000, vlad: 2000 } });
    const vera = await subnet.join("vera");
    const forged = Object.fromEntries(
      ["ann", "bob"].map((miner) => [miner, forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.05) })]),
    );
    await submit(subnet, forged);
    const [ann, bob] = [scoredEntry(forged.ann!, 0.3), scoredEntry(forged.bob!, 0.2)];
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries: [ann, bob] }),
      vito: reportOf(subnet, "vito", { entries: [bob] }),
      vlad: reportOf(subnet, "vlad", { entries: [ann], base: "1".repeat(64) }),
    });
    const { manifest } = await merge(vera);
    assert.deepEqual(shares(manifest.merged), { [subnet.uid("bob")]: 1 });
  });

  it("abstains when an update that the majority scored is not to be had", async (t) => {
    const { vera, forged, subnet } = await open(
      t,
      (subnet) => ({ ann: forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) }) }),
      { ann: 0.3 },
    );
    await subnet.store.delete(forged.ann!.tensors.hash);
    const abstained = assert.rejects(merge(vera), { code: "MERGE_ABSTAINED", message: /is unreachable here/ });
    await subnet.to(subnet.window(1, "merge").end - 1);
    await abstained;
  });

  it("lowers the loss, remembers whose updates it took, and pays nobody twice for them", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const tensors = await trainedUpdate(subnet, { miner: "ann" });
    const first = forge(subnet, { miner: "ann", tensors });
    await submit(subnet, { ann: first });
    const entries = [scoredEntry(first, 0.3)];
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries }),
      vito: reportOf(subnet, "vito", { entries }),
    });
    const { hash, manifest } = await merge(vera);
    const { network } = subnet;
    const meter = await openMeter(t, subnet);
    const merged = await loadModel(vera, hash);
    const before = await heldOutLosses(meter, network, parameters);
    const after = await heldOutLosses(meter, network, {
      ...parameters,
      ...merged.groups.get("math")!.weights,
    });
    assert.ok(after.math!.loss < before.math!.loss - 0.1, `${before.math!.loss} → ${after.math!.loss}`);

    // In the next cycle Bob submits as his own what was merged of Ann, trained, as he says, from the new model.
    const model = encodeRecord({
      type: "model",
      network: shortHash(subnet.networkHash),
      cycle: 1,
      model: hash,
      location: vera.location,
    });
    await subnet.record({ vera: model, vito: model });
    assert.deepEqual(
      (await mergedInto(vera, hash)).map(({ artifact, cycle }) => [artifact, cycle]),
      [[manifest.merged[0]!.artifact, 1]],
    );
    await subnet.to(subnet.window(2, "distribute").end);
    const copy = forge(subnet, { miner: "bob", tensors, cycle: 2, change: { base: hash } });
    const stale = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.01), cycle: 2 });
    await submit(subnet, { bob: copy, ann: stale }, 2);
    const judged = judgeCycle(vera, meter, 2);
    await subnet.to(subnet.window(2, "evaluate").start);
    const report = await judged;
    assert.equal(report.base, hash);
    assert.deepEqual(
      report.entries.map(({ uid, verdict, reason }) => [uid, verdict, reason]),
      [
        [subnet.uid("ann"), "rejected", "stale_base"],
        [subnet.uid("bob"), "rejected", "duplicate"],
      ],
    );
  });
});
