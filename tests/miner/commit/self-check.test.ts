import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { committable } from "#miner/commit/self-check.js";
import { updateInMemory } from "#miner/commit/update-file.js";
import { runCycle } from "#miner/cycle.js";
import type { TensorBlob } from "#shared/artifact/update.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { inMemory, readAll } from "#shared/training/float-source.js";
import type { NamedFloats } from "#shared/training/objective.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { openMiner, type TestMiner } from "#tests/support/miner.js";
import { type Flags, openSubnet, type Subnet, until } from "#tests/support/subnet.js";
import { trained } from "#tests/support/trained.js";
import { forge, genesisBase, map, noiseUpdate, trainedUpdate } from "#tests/support/updates.js";

/** A rate at which no training holds. */
const DIVERGING = { learning_rate: 50 };

type Template = Parameters<typeof openSubnet>[1];

/** Limits that any finite update passes. */
const NORM_FREE: Template = { network: { scoring: { ...template.scoring, max_update_norm: 1e6 } } };

const open = async (t: TestContext, flags: Flags = {}, options: Template = {}) => {
  const subnet = await openSubnet(t, options);
  return { subnet, ann: await openMiner(t, subnet, "ann", flags) };
};

type Opened = Awaited<ReturnType<typeof open>>;

const entryOf = ({ journal }: TestMiner) => journal.value.cycles[1];

const linesOf = ({ participant }: TestMiner, message: string) =>
  participant.lines.filter((line) => line.message === message).map(({ fields }) => fields);

/** Lives cycle 1 until the miner has made up its mind not to commit. */
const declines = async (t: TestContext, { subnet, ann }: Opened) => {
  const cycle = runCycle(ann, 1);
  await subnet.to(subnet.window(1, "distribute").start);
  const prepared = until(t, () => entryOf(ann)?.artifact !== undefined).then(() =>
    assert.fail(JSON.stringify(ann.participant.lines)),
  );
  await Promise.race([cycle, prepared]);
  const said = linesOf(ann, "the update is not committed");
  assert.equal(said.length, 1);
  return said[0]!;
};

/** Lives cycle 1 until there is an artifact to commit. */
const prepares = async (t: TestContext, { subnet, ann }: Opened) => {
  const cycle = assert.rejects(runCycle(ann, 1));
  await subnet.to(subnet.window(1, "distribute").start);
  await until(t, () => entryOf(ann)?.artifact !== undefined);
  ann.participant.abort();
  await cycle;
};

/** What a miner says of an update that it did not train. */
const judged = async (ann: TestMiner, subnet: Subnet, { bytes, hash }: TensorBlob, tokens = 64) => {
  const tensors = updateInMemory(bytes, hash);
  const base = inMemory(genesisBase(subnet).group("math"));
  return (await committable(ann, { cycle: 1, base, submission: { tensors, steps: 1, tokens } })) !== null;
};

describe("a miner's check of its own update", { timeout: HANG_GUARD }, () => {
  it("lets pass what training gained, and says by how much", async (t) => {
    const opened = await open(t);
    await prepares(t, opened);
    const [checked] = linesOf(opened.ann, "the update was checked");
    assert.equal(checked?.batches, 2);
    assert.ok(Number(checked.loss) < Number(checked.baseLoss), JSON.stringify(checked));
  });

  it("commits nothing that the norm gate stops, and says what to lower", async (t) => {
    const opened = await open(t, DIVERGING);
    const said = await declines(t, opened);
    assert.deepEqual([said.cycle, said.code, said.reason], [1, "UPDATE_UNACCEPTABLE", "norm"]);
    assert.match(String(said.detail), /^norm \S+, at most \S+$/);
    assert.match(String(said.prevention), /^lower learning_rate/);
    await opened.subnet.to(opened.subnet.window(1, "commit").end);
    assert.equal(await opened.subnet.chain.nonce(opened.ann.participant.signer.address), 0);
  });

  it("shortens what is longer than the network takes, by up to ten times, and commits that", async (t) => {
    const withMost = (max_update_norm: number) =>
      open(t, {}, { network: { scoring: { ...template.scoring, max_update_norm } } });
    const lengthsIn = (detail: unknown): readonly number[] =>
      /^norm (\S+), at most (\S+)$/.exec(String(detail))!.slice(1).map(Number);
    const least = 1e-4;
    const [norm, most] = lengthsIn((await declines(t, await withMost(least))).detail);
    /** Part of the weights' length that trainings have here, whoever draws their text. */
    const usual = (least * norm!) / most!;

    const opened = await withMost(usual / 2);
    await prepares(t, opened);
    const [said] = linesOf(opened.ann, "the update is longer than the network takes, and is shortened");
    assert.equal(said?.code, "UPDATE_SHORTENED");
    const [length, allowed] = lengthsIn(said.detail);
    assert.ok(Math.abs((Number(said.part) * length!) / allowed! - 0.99) < 0.01, JSON.stringify(said));
    const [checked] = linesOf(opened.ann, "the update was checked");
    assert.ok(Number(checked?.loss) < Number(checked?.baseLoss), "what is left of it lowers the loss");

    const { code, reason } = await declines(t, await withMost(usual / 20));
    assert.deepEqual([code, reason], ["UPDATE_UNACCEPTABLE", "norm"]);
  });

  it("commits nothing that raises the loss", async (t) => {
    const { subnet, ann } = await open(t, {}, NORM_FREE);
    const train: TestMiner["trainer"]["train"] = async (base, options) => {
      const { run, update } = await ann.trainer.train(base, options);
      const read: typeof update.read = async (name) => {
        const tensor = await update.read(name);
        return { ...tensor, data: tensor.data.map((x) => -20 * x) };
      };
      return { run, update: { shapes: update.shapes, read } };
    };
    const said = await declines(t, { subnet, ann: { ...ann, trainer: { ...ann.trainer, train } } });
    assert.equal(said.code, "UPDATE_WORSE");
    assert.ok(Number(said.loss) > Number(said.baseLoss), JSON.stringify(said));
    assert.match(String(said.prevention), /^lower learning_rate/);
  });

  it("commits the part that lowers the loss of what goes too far", async (t) => {
    const { subnet, ann } = await open(t, {}, NORM_FREE);
    const base = genesisBase(subnet).group("math");
    let update: NamedFloats = {};
    const train: TestMiner["trainer"]["train"] = async (...given) => {
      const training = await ann.trainer.train(...given);
      update = await readAll(training.update);
      return training;
    };
    /** As if the loss were lowest at a quarter of the way. */
    const losses: TestMiner["trainer"]["losses"] = async ({ read }, { batches }) => {
      const [name] = Object.keys(update);
      const longest = update[name!]!.data.reduce(
        (most, x, i, all) => (Math.abs(x) > Math.abs(all[most]!) ? i : most),
        0,
      );
      const moved = (await read(name!)).data[longest]! - base[name!]!.data[longest]!;
      const part = moved / update[name!]!.data[longest]!;
      return Array.from({ length: batches }, (_, i) => 3 + (i % 3) / 10 + part * (part - 1 / 2 + (i % 2) / 50));
    };
    await prepares(t, { subnet, ann: { ...ann, trainer: { ...ann.trainer, train, losses } } });
    const [said, ...more] = linesOf(ann, "the update raises the loss at its full length, and is shortened");
    assert.deepEqual([said?.code, said?.part, more], ["UPDATE_SHORTENED", "0.250", []]);
    assert.ok(Number(said?.loss) > Number(said?.baseLoss), JSON.stringify(said));
    assert.ok(Math.abs(Number(said?.lossReduction) - 0.06) < 0.01, JSON.stringify(said));
    const [checked] = linesOf(ann, "the update was checked");
    const gained = Number(checked?.baseLoss) - Number(checked?.loss);
    assert.ok(Math.abs(gained - 0.06) < 0.01, "what was packed is a quarter");
  });

  it("commits none of what raises the loss where its parts cannot be measured", async (t) => {
    const { subnet, ann } = await open(t, {}, NORM_FREE);
    let measured = 0;
    const losses: TestMiner["trainer"]["losses"] = async (_, { batches }) => {
      if (++measured > 2) throw new BlockZeroError("WORKERS_LOST", "no worker is left", "try fewer workers");
      return Array.from({ length: batches }, () => 3 * measured);
    };
    const said = await declines(t, { subnet, ann: { ...ann, trainer: { ...ann.trainer, losses } } });
    assert.equal(said.code, "UPDATE_WORSE");
    const [unmeasured] = linesOf(ann, "parts of the update are not measured");
    assert.equal(unmeasured?.reason, "no worker is left");
  });

  it("commits it all the same where the settings say so", async (t) => {
    const opened = await open(t, { ...DIVERGING, commit_anyway: true });
    await prepares(t, opened);
    const [said] = linesOf(opened.ann, "the update is committed all the same");
    assert.equal(said?.code, "UPDATE_UNACCEPTABLE");
  });

  it("does not hold back what a red team submits", async (t) => {
    const opened = await open(t, { ...DIVERGING, behaviour: "lazy" });
    await prepares(t, opened);
    assert.deepEqual(linesOf(opened.ann, "the update is committed all the same"), []);
  });

  it("leaves no residual of an update that was held back", async (t) => {
    const network = { artifact: { codec: "topk-2bit" } } as const;
    const opened = await open(t, DIVERGING, { network });
    await declines(t, opened);
    const dir = join(opened.ann.participant.home, "residuals");
    assert.deepEqual(existsSync(dir) ? readdirSync(dir) : [], []);
  });

  it("stops what is not finite, and what its miner would not have trained", async (t) => {
    const { subnet, ann } = await open(t, {}, NORM_FREE);
    const trained = await trainedUpdate(subnet, { miner: "ann" });
    const tensorsOf = (change: (value: number) => number) =>
      forge(subnet, { miner: "ann", tensors: map(trained, change) }).tensors;
    assert.equal(
      await judged(
        ann,
        subnet,
        tensorsOf((value) => value),
      ),
      true,
    );
    assert.equal(
      await judged(
        ann,
        subnet,
        tensorsOf(() => Number.NaN),
      ),
      false,
    );
    assert.equal(
      await judged(
        ann,
        subnet,
        tensorsOf((value) => -20 * value),
      ),
      false,
    );
    const codes = linesOf(ann, "the update is not committed").map(({ code, reason }) => [code, reason]);
    assert.deepEqual(codes, [
      ["UPDATE_UNACCEPTABLE", "not_finite"],
      ["UPDATE_WORSE", undefined],
    ]);
  });

  it("lets pass what changes the loss by nothing worth the name", async (t) => {
    const { subnet, ann } = await open(t);
    const { tensors } = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "faint", 1e-6) });
    assert.equal(await judged(ann, subnet, tensors), true);
  });

  it("measures on more batches after a long training, and never on many", async (t) => {
    const { subnet, ann } = await open(t);
    const { tensors } = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "faint", 1e-6) });
    for (const microBatches of [10, 500, 10_000]) await judged(ann, subnet, tensors, microBatches * 64);
    assert.deepEqual(
      linesOf(ann, "the update was checked").map(({ batches }) => batches),
      [2, 5, 8],
    );
  });

  it("commits what it could not measure, and says so", async (t) => {
    const { subnet, ann } = await open(t);
    const { tensors } = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "faint", 1e-6) });
    const losses = async () => {
      throw new BlockZeroError("WORKERS_LOST", "no worker is left", "try fewer workers");
    };
    assert.equal(await judged({ ...ann, trainer: { ...ann.trainer, losses } }, subnet, tensors), true);
    const [said] = linesOf(ann, "the update's loss is not checked");
    assert.equal(said?.reason, "no worker is left");
  });

  it("is ended with its cycle, and says nothing of an update that it did not measure", async (t) => {
    const { subnet, ann } = await open(t);
    const { tensors } = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "faint", 1e-6) });
    const over = new AbortController();
    const losses: typeof ann.trainer.losses = async (_, { signal }) => {
      over.abort(new BlockZeroError("DUTY_OVERDUE", "the cycle is over", "be quicker"));
      signal?.throwIfAborted();
      return assert.fail("it was not told");
    };
    const participant = { ...ann.participant, signal: over.signal };
    const checked = judged({ ...ann, participant, trainer: { ...ann.trainer, losses } }, subnet, tensors);
    await assert.rejects(checked, { code: "DUTY_OVERDUE" });
    assert.deepEqual(linesOf(ann, "the update's loss is not checked"), []);
  });

  it("does not measure an update when the commit phase has no time left", async (t) => {
    const { subnet, ann } = await open(t);
    const { tensors } = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "faint", 1e-6) });
    const losses = () => assert.fail("there is no time");
    const late = { blockTime: () => 1000, expected: () => Date.now() };
    assert.equal(await judged({ ...ann, trainer: { ...ann.trainer, losses }, timer: late }, subnet, tensors), true);
    const [said] = linesOf(ann, "the update's loss is not checked");
    assert.equal(said?.reason, "the commit phase ends too soon");
  });

  it("does not measure an update after a base that took what was left of the commit phase", async (t) => {
    const { subnet, ann } = await open(t);
    const { tensors } = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "faint", 1e-6) });
    let left = 3_600_000;
    let measured = 0;
    const losses: typeof ann.trainer.losses = (...given) => {
      left = 0;
      measured += 1;
      return ann.trainer.losses(...given);
    };
    const timer = { blockTime: () => 1000, expected: () => Date.now() + left };
    assert.equal(await judged({ ...ann, trainer: { ...ann.trainer, losses }, timer }, subnet, tensors), true);
    assert.equal(measured, 1);
    const [said] = linesOf(ann, "the update's loss is not checked");
    assert.equal(said?.reason, "the commit phase ends too soon");
  });

  it("gives up a measurement that does not end in time, so that the update is committed", async (t) => {
    const { subnet, ann } = await open(t);
    const { tensors } = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "faint", 1e-6) });
    let isTold = false;
    const losses: typeof ann.trainer.losses = (_, { signal }) =>
      new Promise(() => {
        signal?.addEventListener("abort", () => {
          isTold = true;
        });
      });
    const end = Date.now() + 500;
    const timer = { blockTime: () => 1000, expected: () => end };
    assert.equal(await judged({ ...ann, trainer: { ...ann.trainer, losses }, timer }, subnet, tensors), true);
    const [said] = linesOf(ann, "the update's loss is not checked");
    assert.equal(said?.reason, "the commit phase ends too soon");
    // On a machine that took longer than that to read the update, nothing was asked.
    assert.ok(isTold || Date.now() >= end);
  });

  it("changes nothing of the training that follows", async (t) => {
    const [measured, plain] = [await open(t), await open(t)];
    const base = inMemory(genesisBase(measured.subnet).group("math"));
    const options = { stop: () => false };
    for (const { ann } of [measured, plain]) await ann.trainer.train(base, { cycle: 1, ...options });
    const losses = await measured.ann.trainer.losses(base, { seed: "1".repeat(64), batches: 2 });
    assert.equal(losses.length, 2);
    const [after, straight] = await Promise.all(
      [measured, plain].map(({ ann }) => trained(ann.trainer.train(base, { cycle: 2, ...options }))),
    );
    assert.deepEqual(after, straight);
  });
});
