import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { bestPart } from "#miner/commit/best-part.js";
import { CHECK_SEEDS, checkLoss, type LossChecking } from "#miner/commit/loss-check.js";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import { groupShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Network } from "#shared/protocol/network.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import { inMemory, readAll } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import type { NamedFloats } from "#shared/training/objective.js";
import { mean } from "#shared/util/mean.js";
import { NEVER } from "#shared/util/never.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { parameters, template } from "#tests/support/micro-network.js";
import { device } from "#tests/support/updates.js";

const GROUP = "math";
const network: Network = { ...template, genesis: "0".repeat(64) };
const names = Object.keys(groupShapes(network.model, network.groups[GROUP]!));
const hub: Parameters = Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.includes(name)));

/** At which this model learns, and at which a training of a few steps goes too far. */
const RATE = 0.02;
const TOO_HIGH = 0.3;
const STEPS = 12;

const openTrainer = (miner: string, flags: object) => {
  const config = loadConfig(minerSettings, {
    env: {},
    flags: { batch_size: 4, gradient_accumulation_steps: 1, warmup_steps: 1, expert_group: GROUP, ...flags },
  });
  return createShardTrainer({ device, network, group: GROUP, config, hub: frozenInMemory(hub), miner });
};

type Trainer = Awaited<ReturnType<typeof openTrainer>>;

const trainedBy = async (trainer: Trainer, base: NamedFloats): Promise<NamedFloats> => {
  const { update } = await trainer.train(inMemory(base), { cycle: 1, stop: () => false });
  return readAll(update);
};

const sum = (base: NamedFloats, update: NamedFloats, part = 1): NamedFloats =>
  Object.fromEntries(
    Object.entries(base).map(([name, tensor]) => [
      name,
      { ...tensor, data: tensor.data.map((weight, i) => weight + part * update[name]!.data[i]!) },
    ]),
  );

const seedOf = (text: string) => sha256(Buffer.from(text));

const endless = () => Number.POSITIVE_INFINITY;
const unexpected: LossChecking["onUnmeasured"] = (fault) => assert.fail(fault.message);

const checkingOf = (trainer: Pick<Trainer, "losses">, base: NamedFloats, update: NamedFloats): LossChecking => ({
  ...{ trainer, base: inMemory(base), trained: STEPS, mayShorten: true, signal: NEVER },
  update: async (name) => update[name]!.data,
  seeds: Array.from({ length: CHECK_SEEDS }, (_, draw) => seedOf(`check ${draw}`)),
  left: endless,
  onUnmeasured: unexpected,
});

describe("a miner's check of the loss", { timeout: HANG_GUARD }, () => {
  let base: NamedFloats;
  before(async () => {
    const own = Object.fromEntries(names.map((name) => [name, parameters[name]!]));
    const trainer = await openTrainer("first", { learning_rate: RATE, max_steps: 60, batch_size: 8 });
    base = sum(own, await trainedBy(trainer, own));
    await trainer.dispose();
  });

  it("finds the part that lowers the loss of a training at too high a rate", async (t) => {
    const trainer = await openTrainer("cid", { learning_rate: TOO_HIGH, max_steps: STEPS });
    t.after(() => trainer.dispose());
    const update = await trainedBy(trainer, base);
    const lossesWith = (part: number, text: string, batches: number) =>
      trainer.losses(inMemory(sum(base, update, part)), { seed: seedOf(text), batches });
    const find = () => bestPart({ losses: (part, lot, batches) => lossesWith(part ?? 0, `check ${1 + lot}`, batches) });
    const found = await find();
    assert.deepEqual(await find(), found, "the same each time");
    assert.ok(found && found.part < 1, JSON.stringify(found));
    const [without, part, whole] = [
      mean(await lossesWith(0, "afterwards", 64)),
      mean(await lossesWith(found.part, "afterwards", 64)),
      mean(await lossesWith(1, "afterwards", 64)),
    ];
    const figures = `${without}, with ${found.part} of it ${part}, with the whole ${whole}`;
    t.diagnostic(figures);
    assert.ok(part < without && without < whole, figures);
  });

  /** What is said of an update after which the loss of the first text is so much higher, and that of other text as much lower if it turns. */
  const said = async (
    rise: number,
    { mayShorten = true, turns = true, spread = 0, onUnmeasured = unexpected, left = endless } = {},
  ) => {
    const zero = { dtype: "float32" as const, shape: [1], data: Float32Array.of(0) };
    const one = { ...zero, data: Float32Array.of(1) };
    const asked: (readonly number[])[] = [];
    const losses: Trainer["losses"] = async ({ read }, { batches, seed }) => {
      const part = (await read("w")).data[0]!;
      asked.push([part, batches]);
      const sign = turns && seed !== seedOf("check 0") ? -1 : 1;
      return Array.from({ length: batches }, (_, i) => 3 + part * (sign * rise + (i % 2 === 0 ? spread : -spread)));
    };
    const checking = checkingOf({ losses }, { w: zero }, { w: one });
    return { found: await checkLoss({ ...checking, mayShorten, onUnmeasured, left }), asked };
  };

  it("measures parts only of what raises the loss clearly, where they may be committed", async () => {
    const measured = async (rise: number, options?: object) => (await said(rise, options)).asked.length;
    assert.equal(await measured(-0.1), 2);
    assert.equal(await measured(0.001), 2);
    assert.equal(await measured(0.1, { spread: 0.2 }), 2, "one batch of the two is better");
    assert.equal(await measured(0.1, { mayShorten: false }), 2);
    assert.ok((await measured(0.1)) > 2);
  });

  it("lets pass the whole where other text shows that it lowers the loss", async () => {
    const { found } = await said(0.1, { spread: 0.01 });
    assert.equal(found?.part, 1);
    assert.ok(Math.abs(found.best!.lossReduction - 0.1) < 0.01);
  });

  it("lets pass what is not clearly worse, and of the rest only a part that is surely better", async () => {
    assert.equal((await said(0.001)).found?.part, 1);
    assert.equal((await said(0.1, { spread: 0.2 })).found?.part, 1);
    assert.equal((await said(0.1, { mayShorten: false })).found?.part, null);
    assert.equal((await said(0.1, { turns: false })).found?.part, null);
  });

  it("says where there is no time to measure parts", async () => {
    const faults: string[] = [];
    let asked = 0;
    const left = () => (asked++ === 0 ? 1000 : 0);
    const { found } = await said(0.1, { left, onUnmeasured: ({ message }) => faults.push(message) });
    assert.equal(found?.part, null);
    assert.deepEqual(faults, ["the commit phase ends too soon"]);
  });
});
