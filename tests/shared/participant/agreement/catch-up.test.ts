import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type Model, mergeModel } from "#shared/merge/merge-model.js";
import { loadModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import { catchUp } from "#shared/participant/agreement/catch-up.js";
import type { BlobRequest, Blobs } from "#shared/participant/files/blobs.js";
import { type BlobRef, blobsOf, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { publishReports, reportOf, scoredEntry } from "#tests/support/reports.js";
import { type Flags, openSubnet, type Subnet } from "#tests/support/subnet.js";
import { forge, noiseUpdate, submit } from "#tests/support/updates.js";
import { agreeOn, mergeCycle } from "#validator/merge/merge-cycle.js";
import { temporaryFolder } from "../../artifact/temporary.js";

/** How large a miner's update is, and its score. */
interface Made {
  readonly size: number;
  readonly score: number;
}

/** A cycle whose merge takes these miners' updates, until both validators have put the model on chain. */
const lived = async (
  t: TestContext,
  miners: readonly string[],
  options: Parameters<typeof openSubnet>[1] = {},
  made: (miner: number) => Made = () => ({ size: 0.05, score: 0.3 }),
) => {
  const subnet = await openSubnet(t, { miners: [...miners, "late"], ...options });
  const validators = [await subnet.join("vera"), await subnet.join("vito")];
  const forged = Object.fromEntries(
    miners.map((miner, i) => [miner, forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, made(i).size) })]),
  );
  await submit(subnet, forged);
  const entries = Object.values(forged).map((one, i) => scoredEntry(one, made(i).score));
  await publishReports(subnet, {
    vera: reportOf(subnet, "vera", { entries }),
    vito: reportOf(subnet, "vito", { entries }),
  });
  const [hash] = await Promise.all(
    validators.map(async (validator) => (await mergeCycle(validator, 1, await agreeOn(validator, 1))).hash),
  );
  await subnet.record(
    Object.fromEntries(["vera", "vito"].map((name, i) => [name, record(subnet, hash!, validators[i]!.location)])),
  );
  const leave = () => Promise.all(validators.map((validator) => validator.leave()));
  return { subnet, forged, hash: hash!, validators, leave };
};

const record = ({ networkHash }: Subnet, model: string, location: string): string =>
  encodeRecord({ type: "model", network: shortHash(networkHash), cycle: 1, model, location });

/** Nobody is asked for this one. */
const without = (blobs: Blobs, hash: string): Blobs => {
  const blind = (request: BlobRequest) => (request.hash === hash ? { ...request, locations: [] } : request);
  return { ...blobs, get: (request) => blobs.get(blind(request)), open: (request) => blobs.open(blind(request)) };
};

/**
 * Models of as many cycles, each an update merged into the one before, and genesis before them. Their files and the updates are in the owner's store.
 */
const lineOf = async (subnet: Subnet, cycles: number) => {
  const store = directoryStore(join(subnet.home, "owner"));
  const open = async ({ hash }: { readonly hash: string }) => (await store.open(hash))!;
  const genesis = parseModelManifest((await store.get(subnet.modelHash))!);
  assert.ok(genesis.ok);
  const models: Model[] = [{ hash: subnet.modelHash, manifest: genesis.value }];
  const updates: BlobRef[] = [];
  for (let cycle = 1; cycle <= cycles; cycle++) {
    const tensors = noiseUpdate(subnet, `of cycle ${cycle}`, 0.05);
    const forged = forge(subnet, { miner: "ann", cycle, tensors });
    const { bytes, hash } = forged.tensors;
    await store.put(bytes);
    updates.push({ hash, bytes: bytes.length });
    const { uid, hotkey } = forged.submission;
    const merging = { uid, hotkey, group: "math", artifact: forged.artifact, share: 1 };
    const made = await mergeModel(
      subnet,
      { cycle, base: models.at(-1)!, steps: new Map([["math", { step: 1, updates: [merging] }]]) },
      { part: open, update: async () => ({ hash, file: await open({ hash }) }), create: store.create },
    );
    models.push(made);
  }
  return { models, updates };
};

const partsOf = ({ manifest }: Model): readonly string[] => {
  const { weights, momentum } = manifest.parts.groups.math!;
  return [weights, momentum!].flatMap((part) => blobsOf(part).map(({ hash }) => hash));
};

/** Who has the genesis model, and these updates. */
const joinLate = async (subnet: Subnet, updates: readonly BlobRef[], flags: Flags = {}) => {
  const late = await subnet.join("late", flags);
  await loadModel(late, subnet.modelHash);
  const locations = await late.models.servers();
  for (const { hash, bytes } of updates)
    await late.blobs.get({ hash, maxBytes: bytes, locations, signal: late.signal });
  const home = join(subnet.home, "late", late.signer.address);
  const store = directoryStore(join(home, "blobs"));
  /** Of each model whether all files of its trained group are here. */
  const has = (models: readonly Model[]) =>
    Promise.all(models.map(async (model) => (await Promise.all(partsOf(model).map(store.has))).every(Boolean)));
  return { late, home, store, has };
};

describe("catching up over several cycles", { timeout: HANG_GUARD }, () => {
  it("leaves no model of those between, and copies none of them elsewhere", async (t) => {
    const subnet = await openSubnet(t, { miners: ["ann", "late"] });
    const { models, updates } = await lineOf(subnet, 3);
    const elsewhere = temporaryFolder(t);
    const { late, home, store, has } = await joinLate(subnet, updates, { store: `directory:${elsewhere}` });
    const { hash } = models[3]!;
    assert.equal(await catchUp(late, hash), "replayed");
    assert.deepEqual(await has(models.slice(1)), [false, false, true]);
    for (const { hash } of models) assert.ok(await store.has(hash), "manifests stay");
    assert.equal(await catchUp(late, hash), "at hand");
    const queue = join(home, "archive.json");
    const queued = existsSync(queue) ? readFileSync(queue, "utf8") : "";
    for (const part of partsOf(models[3]!))
      assert.ok(!queued.includes(part) && !(await directoryStore(elsewhere).has(part)), "it was published by others");
  });

  it("fetches the parts where merging so many models would cost as much, whatever their updates cost", async (t) => {
    const subnet = await openSubnet(t, { miners: ["ann", "late"] });
    const { models, updates } = await lineOf(subnet, 8);
    const { late, has } = await joinLate(subnet, updates);
    assert.equal(await catchUp(late, models[8]!.hash), "fetched");
    assert.deepEqual(
      await has(models.slice(1)),
      models.slice(1).map((_, i) => i === 7),
    );
  });

  it("leaves nothing of a replay that failed on its way", async (t) => {
    const subnet = await openSubnet(t, { miners: ["ann", "late"] });
    const { models, updates } = await lineOf(subnet, 3);
    const gone = updates[1]!.hash;
    const { late, has } = await joinLate(subnet, [updates[0]!, updates[2]!]);
    await subnet.store.delete(gone);
    assert.equal(await catchUp({ ...late, blobs: without(late.blobs, gone) }, models[3]!.hash), "fetched");
    assert.ok(late.lines.some(({ message }) => message.startsWith("could not replay a model")));
    assert.deepEqual(await has(models.slice(1)), [false, false, true]);
  });

  it("lets go of what the last cycles did not use where the disk has no room for one model more", async (t) => {
    const subnet = await openSubnet(t, { miners: ["ann", "late"] });
    const { models } = await lineOf(subnet, 8);
    // However much the operator would keep.
    const { late, has } = await joinLate(subnet, [], { cache_gib: 1024 });
    await late.blobs.turn(1);
    await catchUp(late, models[1]!.hash);
    await subnet.to(subnet.window(4, "distribute").start);
    let isFull = true;
    const blobs: Blobs = {
      ...late.blobs,
      open: async (request) => {
        if (isFull && typeof request.locations === "function") {
          const cause = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
          throw new BlockZeroError("STORE_FAILED", cause.message, "free some", { cause });
        }
        return late.blobs.open(request);
      },
      makeRoom: async (...cycle) => {
        await late.blobs.makeRoom(...cycle);
        isFull = (await has([models[1]!]))[0]!;
      },
    };
    assert.equal(await catchUp({ ...late, blobs }, models[8]!.hash), "fetched");
    assert.deepEqual(await has([models[1]!, models[8]!]), [false, true]);
    assert.ok(late.lines.some(({ level, message }) => level === "warn" && message.startsWith("no room")));
  });

  it("goes on where it was stopped", async (t) => {
    const subnet = await openSubnet(t, { miners: ["ann", "late"] });
    const { models, updates } = await lineOf(subnet, 3);
    const { late, has } = await joinLate(subnet, updates);
    const controller = new AbortController();
    let looks = 0;
    const open: typeof late.blobs.open = async (request) => {
      // It is asked for once whether it is here, and then to be merged.
      if (request.hash === updates[1]!.hash && ++looks === 2) controller.abort(new Error("stopped"));
      controller.signal.throwIfAborted();
      return late.blobs.open(request);
    };
    const reader = { ...late, blobs: { ...late.blobs, open }, signal: controller.signal };
    await assert.rejects(catchUp(reader, models[3]!.hash), /stopped/);
    assert.deepEqual(await has(models.slice(1)), [true, false, false]);
    assert.equal(await catchUp(late, models[3]!.hash), "replayed");
  });
});

describe("catching up", { timeout: HANG_GUARD }, () => {
  it("replays where the updates are smaller than the parts, and needs nobody's parts for it", async (t) => {
    const { subnet, hash, leave, forged } = await lived(t, ["ann"]);
    const late = await subnet.join("late");
    await loadModel(late, subnet.modelHash);
    const manifest = await late.models.manifest(hash, late.signal);
    const locations = await late.models.servers();
    const { tensors } = forged.ann!;
    await late.blobs.get({ hash: tensors.hash, maxBytes: tensors.bytes.length, locations, signal: late.signal });
    await leave();
    assert.equal(await catchUp(late, hash), "replayed");
    const model = await loadModel(late, hash);
    assert.deepEqual(model.manifest, manifest);
    assert.equal(await catchUp(late, hash), "at hand");
  });

  it("replays a step along all, in which updates say by their gains what length is usual", async (t) => {
    const along = { outer: { ...template.training.outer, steps: [{ along: "all", lr: 1, momentum: 0 } as const] } };
    const network = { training: { ...template.training, ...along }, scoring: { ...template.scoring, top_n: 3 } };
    const made = [
      { size: 0.02, score: 0.1 },
      { size: 0.04, score: 0.1 },
      { size: 0.08, score: 0.6 },
    ];
    const { subnet, hash, leave, forged } = await lived(t, ["ann", "bob", "cara"], { network }, (i) => made[i]!);
    const late = await subnet.join("late");
    await loadModel(late, subnet.modelHash);
    const { merged } = await late.models.manifest(hash, late.signal);
    assert.deepEqual(new Set(merged.map(({ share }) => share)), new Set([1 / 3]));
    for (const { uid, voice } of merged)
      assert.equal(Math.round(100 * voice!), uid === forged.cara!.submission.uid ? 73 : 13);
    const locations = await late.models.servers();
    for (const { tensors } of Object.values(forged))
      await late.blobs.get({ hash: tensors.hash, maxBytes: tensors.bytes.length, locations, signal: late.signal });
    await leave();
    assert.equal(await catchUp(late, hash), "replayed");
    assert.equal((await loadModel(late, hash)).hash, hash);
  });

  it("has nothing to do once a model was loaded: its momentum is here as well, for the next merge", async (t) => {
    const { subnet, hash } = await lived(t, ["ann"]);
    const late = await subnet.join("late");
    const { manifest } = await loadModel(late, hash);
    assert.ok(manifest.parts.groups.math!.momentum);
    assert.equal(await catchUp(late, hash), "at hand");
  });

  it("fetches the parts where the updates are larger, where there is no ancestor, and where an update is gone", async (t) => {
    const { subnet, hash, validators, forged } = await lived(t, ["ann", "bob"]);
    const late = await subnet.join("late");
    assert.equal(await catchUp(late, hash), "fetched", "nothing was here");
    await loadModel(late, hash);

    const bob = await subnet.join("bob");
    await loadModel(bob, subnet.modelHash);
    assert.equal(await catchUp(bob, hash), "fetched", "two updates are as large as weights and momentum");

    const ann = await subnet.join("ann");
    await loadModel(ann, subnet.modelHash);
    // One of them is here, so a replay is the cheaper way; the other one is nowhere.
    const locations = await ann.models.servers();
    const [held, gone] = [forged.ann!.tensors, forged.bob!.tensors];
    await ann.blobs.get({ hash: held.hash, maxBytes: held.bytes.length, locations, signal: ann.signal });
    await subnet.store.delete(gone.hash);
    assert.equal(await catchUp({ ...ann, blobs: without(ann.blobs, gone.hash) }, hash), "fetched");
    assert.ok(ann.lines.some(({ message }) => message.startsWith("could not replay a model")));
    assert.equal((await loadModel(ann, hash)).hash, (await loadModel(validators[0]!, hash)).hash);
  });

  it("fetches a model of many blobs, and is the same model in one blob a part", async (t) => {
    const network = { limits: { ...template.limits, part_bytes: 1000 } };
    const { subnet, hash } = await lived(t, ["ann"], { network });
    const late = await subnet.join("late");
    assert.equal(await catchUp(late, hash), "fetched");
    const many = await loadModel(late, hash);
    const { hub, groups } = many.manifest.parts;
    for (const part of [hub, groups.math!.weights, groups.math!.momentum!])
      assert.ok(blobsOf(part).length > 2, JSON.stringify(part));
    assert.equal(await catchUp(late, hash), "at hand");

    const whole = await lived(t, ["ann"]);
    const one = await loadModel(whole.validators[0]!, whole.hash);
    assert.equal(blobsOf(one.manifest.parts.hub).length, 1);
    assert.deepEqual(wholeModel(many), wholeModel(one));
  });

  it("takes the majority's model after abstaining, whatever a minority says of its own", async (t) => {
    const { subnet, hash, forged } = await lived(t, ["ann"], { validators: { vera: 2000, vito: 2000, vlad: 1999 } });
    const vlad = await subnet.join("vlad");
    const lacking = { ...vlad, blobs: without(vlad.blobs, forged.ann!.tensors.hash) };
    const abstained = assert.rejects(mergeCycle(lacking, 1, await agreeOn(vlad, 1)), { code: "MERGE_ABSTAINED" });
    await subnet.record({ vlad: record(subnet, "f".repeat(64), vlad.location) });
    assert.equal(await vlad.models.outcomeOf(1), hash, "a minority's hash changes nothing");
    await subnet.to(subnet.window(2, "distribute").end);
    await abstained;
    const base = await vlad.models.baseOf(2);
    assert.equal(base, hash);
    await catchUp(vlad, base);
    assert.equal((await loadModel(vlad, base)).manifest.parent, subnet.modelHash);
  });
});
