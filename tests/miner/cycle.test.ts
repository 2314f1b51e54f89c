import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { runCycle } from "#miner/cycle.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { isUpdateSigned, parseUpdateManifest, type UpdateManifest } from "#shared/protocol/manifest.js";
import { modelHash, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { encodeRecord, parseRecord, shortHash } from "#shared/protocol/records.js";
import { orAbort } from "#shared/util/deadline.js";
import { verify } from "#shared/wallet/index.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { NETUID } from "../support/micro-network.js";
import { openMiner, type TestMiner } from "../support/miner.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";

const NO_STEP = "no step would have been over in time";

/** How long a disk is full. */
const WAIT_MS = 200;

const status = async ({ participant }: TestMiner, hash: string) =>
  (await fetch(`${participant.location}/blob/${hash}`)).status;

const entryOf = ({ journal }: TestMiner) => journal.value.cycles[1];

/** What a miner shows on chain. */
const shown = async ({ chain }: Subnet, { participant }: TestMiner) =>
  (await chain.commitments(NETUID)).find(({ hotkey }) => hotkey === participant.signer.address)?.data;

/** The manifest as its own store has it, which nobody else may read yet. */
const manifestOf = async ({ participant }: TestMiner, hash: string): Promise<UpdateManifest> => {
  const { blobs, signal } = participant;
  const parsed = parseUpdateManifest(await blobs.get({ hash, maxBytes: 4096, locations: [], signal }));
  assert.ok(parsed.ok);
  return parsed.value;
};

/** A miner that has trained and must not do it again. */
const retired = (miner: TestMiner): TestMiner => ({
  ...miner,
  trainer: { ...miner.trainer, train: async () => assert.fail("trained a second time") },
});

describe("a miner's cycle", { timeout: HANG_GUARD }, () => {
  it("ends the next training earlier where the end of the commit phase cut its check off", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await openMiner(t, subnet, "ann");
    let isChecking = false;
    const losses: typeof ann.trainer.losses = (_, { signal }) => {
      isChecking = true;
      return orAbort(new Promise(() => {}), signal!);
    };
    const over = assert.rejects(runCycle({ ...ann, trainer: { ...ann.trainer, losses } }, 1), { code: "DUTY_OVERDUE" });
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => isChecking);
    await subnet.to(subnet.window(1, "commit").end);
    await over;
    await until(t, () => (ann.journal.value.packing ?? 0) > 0);
  });

  it("ends the next training earlier where packing ended after the commit phase", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await openMiner(t, subnet, "ann");
    let isPacking = false;
    let goOn = (): void => undefined;
    const isOver = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const train: typeof ann.trainer.train = async (from, options) => {
      const { run, update } = await ann.trainer.train(from, options);
      const read: typeof update.read = async (name) => {
        isPacking = true;
        await isOver;
        return update.read(name);
      };
      return { run, update: { ...update, read } };
    };
    const over = assert.rejects(runCycle({ ...ann, trainer: { ...ann.trainer, train } }, 1), { code: "DUTY_OVERDUE" });
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => isPacking);
    await subnet.to(subnet.window(1, "commit").end);
    await over;
    goOn();
    await until(t, () => (ann.journal.value.packing ?? 0) > 0);
  });

  it("trains, commits, reveals, and shows its artifact to nobody before the reveal phase", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await openMiner(t, subnet, "ann");
    const [commit, reveal] = [subnet.window(1, "commit"), subnet.window(1, "reveal")];
    const packings: number[] = [];
    const journal: TestMiner["journal"] = {
      get value() {
        return ann.journal.value;
      },
      update: ann.journal.update,
      note(change) {
        ann.journal.note(change);
        const { packing } = ann.journal.value;
        if (packing !== undefined && packing !== packings.at(-1)) packings.push(packing);
      },
    };
    const cycle = runCycle({ ...ann, journal }, 1);
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => entryOf(ann)?.artifact !== undefined);
    const artifact = entryOf(ann)!.artifact!;
    const manifest = await manifestOf(ann, artifact);
    assert.ok(isUpdateSigned(manifest, verify));
    assert.deepEqual(
      [manifest.cycle, manifest.group, manifest.base, manifest.network, manifest.steps, manifest.tokens],
      [1, "math", subnet.modelHash, subnet.networkHash, 12, 12 * 4 * 16],
    );
    const visible = async () => [await status(ann, artifact), await status(ann, manifest.tensors)];

    await subnet.to(commit.start - 1);
    await subnet.sent("ann", 1);
    await subnet.to(commit.start);
    const head = { network: shortHash(subnet.networkHash), cycle: 1 };
    const commitment = commitmentOf(artifact, ann.participant.signer.publicKey, 1);
    assert.equal(await shown(subnet, ann), encodeRecord({ type: "commit", ...head, commitment }));
    assert.deepEqual(await visible(), [404, 404]);

    await subnet.to(reveal.start - 1);
    await subnet.sent("ann", 2);
    assert.deepEqual(await visible(), [404, 404], "the last block in which somebody could still commit a copy");
    await subnet.to(reveal.start);
    assert.deepEqual(await visible(), [200, 200]);
    await cycle;
    const { location } = ann.participant;
    assert.equal(
      await shown(subnet, ann),
      encodeRecord({ type: "reveal", ...head, group: "math", artifact, location }),
    );
    const { start: begun } = subnet.window(1, "distribute");
    const { settings, ...reached } = entryOf(ann)!;
    assert.deepEqual(reached, { begun, artifact, committed: commit.start, revealed: reveal.start });
    const { expert_group, max_steps, learning_rate, batch_size, gradient_accumulation_steps } = ann.config;
    assert.deepEqual(settings, { expert_group, max_steps, learning_rate, batch_size, gradient_accumulation_steps });
    const [packed, checked, stored] = packings;
    assert.ok(packed! > 0, "the next training leaves time for what came after this one");
    assert.ok(checked! > packed!, "for its check");
    assert.ok(stored! > checked!, "and for storing the update");
    assert.equal(ann.journal.value.packing, stored);
  });

  it("trains anew where the model that it began with is taken back in the block that decides", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000, vito: 1900, vic: 1000 } });
    const { networkHash, location, store } = subnet;
    const network = shortHash(networkHash);
    const genesis = parseModelManifest((await store.get(subnet.modelHash))!);
    assert.ok(genesis.ok);
    const next = { ...genesis.value, network: networkHash, cycle: 1, parent: subnet.modelHash };
    await store.put(canonicalBytes(next));
    const named = (model: string) => encodeRecord({ type: "model", network, cycle: 1, model, location });
    const held = encodeRecord({ type: "held", network, cycle: 1, held: [] });
    await subnet.to(subnet.window(1, "exchange").start);
    await subnet.record({ vera: held, vito: held, vic: held });
    await subnet.to(subnet.window(1, "merge").start);
    await subnet.record({ vera: named(modelHash(next)), vito: named(modelHash(next)) });

    const ann = await openMiner(t, subnet, "ann");
    const { start, end } = subnet.window(2, "distribute");
    await subnet.to(start);
    const cycle = runCycle(ann, 2);
    const over = assert.rejects(cycle);
    const begun = () =>
      ann.participant.lines.filter(({ message }) => message === "training").map(({ fields }) => fields.base);
    await until(t, () => ann.participant.lines.some(({ message }) => message === "trained"));
    assert.deepEqual(begun(), [modelHash(next)]);
    assert.equal(ann.journal.value.cycles[2]?.artifact, undefined, "nothing is final yet");
    await subnet.record({ vito: named("b".repeat(64)) });
    assert.equal(subnet.node.head.number, end - 1);
    await until(t, () => ann.journal.value.cycles[2]?.artifact !== undefined);
    const { base } = await manifestOf(ann, ann.journal.value.cycles[2]!.artifact!);
    assert.deepEqual([base, await ann.participant.models.baseOf(2)], [subnet.modelHash, subnet.modelHash]);
    assert.deepEqual(begun(), [modelHash(next), subnet.modelHash]);
    ann.participant.abort();
    await over;
  });

  it("measures its training under the names that dashboards know", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await openMiner(t, subnet, "ann", { max_steps: 24 });
    const cycle = assert.rejects(runCycle(ann, 1));
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => entryOf(ann)?.artifact !== undefined);
    ann.participant.abort();
    await cycle;
    const last = ann.measured.at(-1)!;
    assert.deepEqual([last.cycle, last.step, last["train/tokens"], last["train/skipped_steps"]], [1, 24, 24 * 64, 0]);
    assert.ok(Number(last["train/loss"]) > 0);
    assert.ok(Number(last["train/loss_reduction"]) > 0, "training lowers the training loss");
    const steps = ann.measured.slice(0, -1);
    assert.deepEqual(
      steps.map(({ step }) => step),
      [10, 20],
    );
    for (const values of steps)
      for (const name of ["train/loss", "train/learning_rate", "train/grad_norm"])
        assert.ok(Number.isFinite(values[name]), `${name} ${values[name]}`);
  });

  it("stops training in time for the commit window, however many steps are left", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await openMiner(t, subnet, "ann", { max_steps: 1_000_000 });
    const { start } = subnet.window(1, "commit");
    const cycle = runCycle(ann, 1);
    const stopped = assert.rejects(cycle);
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => ann.measured.length > 0);
    assert.equal(entryOf(ann)?.artifact, undefined);
    await subnet.to(start - 1);
    await subnet.sent("ann", 1);
    await subnet.to(start);
    await until(t, () => entryOf(ann)?.committed !== undefined);
    assert.equal(entryOf(ann)?.committed, start);
    ann.participant.abort();
    await stopped;
  });

  for (const state of ["prepared", "committed", "revealed"] as const) {
    it(`goes on where it was killed after it had ${state}`, async (t) => {
      const subnet = await openSubnet(t);
      const [commit, reveal] = [subnet.window(1, "commit"), subnet.window(1, "reveal")];
      const killed = await openMiner(t, subnet, "ann");
      const life = runCycle(killed, 1).catch(() => {});
      await subnet.to(subnet.window(1, "distribute").start);
      await until(t, () => entryOf(killed)?.artifact !== undefined);
      if (state !== "prepared") {
        await subnet.to(commit.start - 1);
        await subnet.sent("ann", 1);
        await subnet.to(commit.start);
        await until(t, () => entryOf(killed)?.committed !== undefined);
      }
      if (state === "revealed") {
        await subnet.to(reveal.start - 1);
        await subnet.sent("ann", 2);
        await subnet.to(reveal.start);
        await life;
      }
      const before = entryOf(killed)!;
      await killed.participant.leave();
      await life;

      const again = retired(await openMiner(t, subnet, "ann"));
      assert.deepEqual(entryOf(again), before);
      const { artifact = "" } = before;
      const hidden = subnet.node.head.number < reveal.start;
      assert.equal(await status(again, artifact), hidden ? 404 : 200);
      const rest = runCycle(again, 1);
      if (state === "prepared") {
        await subnet.to(commit.start - 1);
        await subnet.sent("ann", 1);
        await subnet.to(commit.start);
        await until(t, () => entryOf(again)?.committed !== undefined);
      }
      if (state !== "revealed") {
        await subnet.to(reveal.start - 1);
        await subnet.sent("ann", 2);
        await subnet.to(reveal.start);
      }
      await rest;
      const { start: begun } = subnet.window(1, "distribute");
      const { settings } = before;
      assert.deepEqual(entryOf(again), { begun, settings, artifact, committed: commit.start, revealed: reveal.start });
      assert.equal(await subnet.chain.nonce(again.participant.signer.address), 2, "one commitment, one reveal");
      const record = parseRecord((await shown(subnet, again))!);
      assert.ok(record.ok && record.value.type === "reveal");
      assert.deepEqual([record.value.artifact, record.value.location], [artifact, again.participant.location]);
      assert.equal(await status(again, artifact), 200);
      assert.equal(await status(again, (await manifestOf(again, artifact)).tensors), 200);
    });
  }

  it("does not send again what was included while it was down", async (t) => {
    const subnet = await openSubnet(t);
    const { start } = subnet.window(1, "commit");
    const killed = await openMiner(t, subnet, "ann");
    const life = runCycle(killed, 1).catch(() => {});
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => entryOf(killed)?.artifact !== undefined);
    await subnet.to(start - 1);
    await subnet.sent("ann", 1);
    await killed.participant.leave();
    await life;
    assert.equal(entryOf(killed)?.committed, undefined);
    await subnet.to(start);
    const again = retired(await openMiner(t, subnet, "ann"));
    const rest = assert.rejects(runCycle(again, 1));
    await until(t, () => entryOf(again)?.committed !== undefined);
    assert.equal(entryOf(again)?.committed, start);
    assert.equal(await subnet.chain.nonce(again.participant.signer.address), 1);
    again.participant.abort();
    await rest;
  });

  it("asks again at the next block for a model that nobody serves for a moment", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await openMiner(t, subnet, "ann");
    const { models } = ann.participant;
    let asked = 0;
    const away = new BlockZeroError("FETCH_FAILED", "connect ECONNREFUSED", "its server may be down: try later");
    const manifest: typeof models.manifest = (...request) =>
      asked++ === 0 ? Promise.reject(away) : models.manifest(...request);
    const participant = { ...ann.participant, models: { ...models, manifest } };
    const cycle = assert.rejects(runCycle({ ...ann, participant }, 1));
    const { start } = subnet.window(1, "distribute");
    await subnet.to(start);
    await until(t, () => asked > 0);
    await subnet.to(start + 1);
    await until(t, () => entryOf(ann)?.artifact !== undefined);
    assert.ok(asked > 1);
    ann.participant.abort();
    await cycle;
  });

  it("packs what it trained at the next block where the disk was full", async (t) => {
    const subnet = await openSubnet(t, { network: { artifact: { codec: "topk-2bit" } } });
    const ann = await openMiner(t, subnet, "ann");
    let [isFull, trainedAt] = [true, 0];
    const train: typeof ann.trainer.train = async (...given) => {
      const { run, update } = await ann.trainer.train(...given);
      trainedAt = performance.now();
      const [, second] = Object.keys(update.shapes);
      const read: typeof update.read = async (name) => {
        if (name !== second || !isFull) return update.read(name);
        isFull = false;
        throw new BlockZeroError("FILE_UNWRITABLE", "no space left on device", "free some");
      };
      return { run, update: { shapes: update.shapes, read } };
    };
    const cycle = assert.rejects(runCycle({ ...ann, trainer: { ...ann.trainer, train } }, 1));
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => !isFull);
    const full = performance.now();
    while (performance.now() - full < WAIT_MS) await turnOfEvents();
    await subnet.to(subnet.window(1, "distribute").start + 1);
    await until(t, () => entryOf(ann)?.artifact !== undefined);
    // The wait is no time that packing takes, or the next training would end earlier by it.
    assert.ok(ann.journal.value.packing! <= performance.now() - trainedAt - WAIT_MS);
    ann.participant.abort();
    await cycle;
  });

  it("has nothing to submit when it comes too late to train", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await openMiner(t, subnet, "ann");
    await subnet.to(subnet.window(1, "commit").start);
    await runCycle(ann, 1);
    assert.equal(await subnet.chain.nonce(ann.participant.signer.address), 0);
    assert.ok(ann.participant.lines.some(({ message }) => message === "nothing to submit"));
    assert.ok(!ann.participant.lines.some(({ message }) => message === NO_STEP), "no step was due");
  });

  it("warns where a whole train phase had no room for a step", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await openMiner(t, subnet, "ann");
    const train: typeof ann.trainer.train = (from, options) => ann.trainer.train(from, { ...options, maxSteps: 0 });
    await subnet.to(subnet.window(1, "train").start);
    await runCycle({ ...ann, trainer: { ...ann.trainer, train } }, 1);
    const told = ann.participant.lines.filter(({ message }) => message === NO_STEP);
    assert.deepEqual(
      told.map(({ level, fields }) => [level, fields.cycle]),
      [["warn", 1]],
    );
  });

  it("says why when it missed the window for its commitment", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await openMiner(t, subnet, "ann");
    const missed = assert.rejects(runCycle(ann, 1), { code: "WINDOW_MISSED", message: /^1\/commit was not on chain/ });
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => entryOf(ann)?.artifact !== undefined);
    await subnet.to(subnet.window(1, "commit").end - 1);
    await missed;
    assert.equal(await subnet.chain.nonce(ann.participant.signer.address), 0);
  });
});
