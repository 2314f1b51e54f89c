import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { OwnTrainer, OwnTrainerOptions } from "#miner/own-trainer/own-trainer.js";
import type { Device } from "#shared/engine/device.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import { type Parameters, routerLayerOf } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import type { ReplicaStep, TrainOptions } from "#shared/shard-training/trainer.js";
import { type FloatSource, inMemory } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { device, microParameters, relativeError } from "../../shared/model/micro.js";
import { atEachRun } from "../../support/at-each-run.js";
import { coded } from "../../support/coded.js";
import { parameters } from "../../support/micro-network.js";
import { trained } from "../../support/trained.js";
import { base, configOf, hub, openTrainer, network as restricted } from "../micro-shard.js";
import { MINIMAL, MODEL, open, train } from "./support.js";

const heldOut = { seed: "7".repeat(64), batches: 2 };

const full: Network = { ...restricted, model: { ...restricted.model, shard: { mode: "full" } } };

/** Two layers: what the first one's experts do decides where the second one's router sends the text. */
const deep: Network = {
  ...restricted,
  model: { ...restricted.model, num_hidden_layers: 2 },
  groups: {
    math: { ...restricted.groups.math!, experts: { 0: [0, 2], 1: [1, 2] } },
    prose: { ...restricted.groups.prose!, experts: { 0: [1], 1: [0] } },
  },
};

const others: Parameters = Object.fromEntries(
  Object.keys(groupShapes(full.model, full.groups.prose!)).map((name) => [name, parameters[name]!]),
);

describe("a trainer's program that follows the contract", () => {
  for (const [mode, network] of [
    ["restricted", restricted],
    ["full", full],
    ["restricted, two layers", deep],
  ] as const)
    it(`gains what the built-in trainer gains on the same text, mode ${mode}`, async (t) => {
      const flags = { max_steps: 3, gradient_accumulation_steps: 2, warmup_steps: 1 };
      const weights = microParameters(network.model);
      const pick = (shapes: object): Parameters =>
        Object.fromEntries(Object.keys(shapes).map((name) => [name, weights[name]!]));
      const base = inMemory(pick(groupShapes(network.model, network.groups.math!)));
      const hub = pick(hubShapes(network.model, network.groups));
      const frozen = mode === "full" ? inMemory(others) : undefined;
      const { trainer, config } = await open(t, MINIMAL, flags, { network, hub: inMemory(hub) });
      const steps: ReplicaStep[] = [];
      const options = { cycle: 1, model: MODEL, frozen, stop: () => false };
      const own = await trained(trainer.train(base, { ...options, onStep: (step) => steps.push(step) }));

      const builtIn = await openTrainer(config, { network, hub: frozenInMemory(hub) });
      t.after(() => builtIn.dispose());
      const expected: ReplicaStep[] = [];
      const reference = await trained(builtIn.train(base, { ...options, onStep: (step) => expected.push(step) }));

      assert.deepEqual([...own.update.keys()].sort(), [...reference.update.keys()].sort());
      for (const [name, { data }] of own.update)
        assert.ok(relativeError(data, reference.update.get(name)!.data) < 1e-4, name);
      assert.deepEqual([own.run.steps, own.run.tokens], [reference.run.steps, reference.run.tokens]);
      assert.deepEqual(
        steps.map(({ step, learningRate }) => [step, learningRate]),
        expected.map(({ step, learningRate }) => [step, learningRate]),
      );
      for (const [i, { loss }] of steps.entries()) assert.ok(Math.abs(loss - expected[i]!.loss) < 1e-5);

      const [ours, theirs] = [await trainer.losses(base, heldOut), await builtIn.losses(base, heldOut)];
      for (const [i, loss] of ours.entries()) assert.ok(Math.abs(loss - theirs[i]!) < 1e-5, `${loss} ${theirs[i]}`);
    });

  it("goes on from its newest checkpoint after a restart of the miner", async (t) => {
    // Far more than it takes before it is stopped.
    const flags = { max_steps: 5000 };
    const untilTold = async (home?: string) => {
      const { trainer, home: own } = await open(t, MINIMAL, flags, home === undefined ? {} : { home });
      const steps: number[] = [];
      const onStep = ({ step }: ReplicaStep) => void steps.push(step);
      const { run } = await train(trainer, { stop: () => steps.length > 0, onStep });
      return { run, first: steps[0], home: own };
    };
    const before = await untilTold();
    const after = await untilTold(before.home);
    assert.deepEqual([before.first, after.first], [0, before.run.steps]);
    assert.ok(after.run.steps > before.run.steps, `${after.run.steps} after ${before.run.steps}`);
    assert.equal(after.run.tokens, after.run.steps * 2 * restricted.data.sequence_length);
  });

  it("is not started where training is over while its shard is written, and the log says so", async (t) => {
    const { trainer, lines } = await open(t, MINIMAL);
    let asked = 0;
    const { run } = await train(trainer, { stop: () => ++asked > 4 });
    assert.equal(run.steps, 0);
    const told = lines.find(({ fields }) => fields.code === "TRAINER_NO_CHECKPOINT");
    assert.match(told!.message, /before its shard was written$/);
    assert.match(String(told!.fields.prevention), /faster disk/);
    assert.equal(asked, 5);
  });

  describe("finds its shard where it was", () => {
    /** Weights that say what they are of, and of which reads are counted. */
    const counted = (tensors: Parameters, version: string) => {
      const { shapes, read } = inMemory(tensors);
      const reads: string[] = [];
      const source: FloatSource = {
        shapes,
        read: (name) => {
          // The whole routers are the job's, not the shard's.
          if (routerLayerOf(name) === null) reads.push(name);
          return read(name);
        },
        version: () => version,
      };
      return { source, reads };
    };
    const moved: Parameters = Object.fromEntries(
      Object.entries(base).map(([name, tensor]) => [
        name,
        { ...tensor, data: tensor.data.map((weight) => 2 * weight) },
      ]),
    );
    const trainOn = (trainer: OwnTrainer, own: Parameters, cycle: number, options: Partial<TrainOptions> = {}) =>
      trained(
        trainer.train(counted(own, own === base ? "first" : "second").source, {
          cycle,
          model: MODEL,
          stop: () => false,
          ...options,
        }),
      );
    const filesOf = (home: string) => {
      const folder = join(home, "shard");
      return readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const);
    };
    const flags = { max_steps: 1 };
    /** The shard of weights as a miner that has none writes it. */
    const fresh = async (
      t: TestContext,
      own: Parameters,
      more: Partial<OwnTrainerOptions> = {},
      frozen?: FloatSource,
    ) => {
      const { trainer, home } = await open(t, MINIMAL, flags, more);
      await trainOn(trainer, own, 1, { frozen });
      return filesOf(home);
    };

    it("with the tensors written that have changed", async (t) => {
      const kept = counted(hub, "hub");
      const { trainer, home } = await open(t, MINIMAL, flags, { hub: kept.source });
      await trainOn(trainer, base, 1);
      assert.ok(kept.reads.length > 0);
      kept.reads.length = 0;
      await trainOn(trainer, moved, 2);
      assert.deepEqual(kept.reads, []);
      assert.deepEqual(filesOf(home), await fresh(t, moved));
      await trainOn(trainer, moved, 3);
      assert.deepEqual(filesOf(home), await fresh(t, moved));
      const builtIn = await openTrainer(configOf({}));
      t.after(() => builtIn.dispose());
      const [ours, theirs] = [
        await trainer.losses(inMemory(moved), heldOut),
        await builtIn.losses(inMemory(moved), heldOut),
      ];
      for (const [i, loss] of ours.entries()) assert.ok(Math.abs(loss - theirs[i]!) < 1e-5, `${loss} ${theirs[i]}`);
    });

    it("with all of it written where one of its files was touched", async (t) => {
      const touches: readonly ((file: string) => void)[] = [
        (file) => truncateSync(file, 8),
        (file) => utimesSync(file, 1, 1),
        (file) => writeFileSync(`${file}.more`, ""),
      ];
      const kept = counted(hub, "hub");
      const { trainer, home } = await open(t, MINIMAL, flags, { hub: kept.source });
      await trainOn(trainer, base, 1);
      for (const [i, touch] of touches.entries()) {
        kept.reads.length = 0;
        touch(join(home, "shard", "model.safetensors"));
        await trainOn(trainer, i % 2 === 0 ? moved : base, 2 + i);
        assert.ok(kept.reads.length > 0);
      }
      assert.deepEqual(filesOf(home), await fresh(t, moved));
    });

    it("and whole where a cycle before was over while it was written", async (t) => {
      const kept = counted(hub, "hub");
      const { trainer, home } = await open(t, MINIMAL, flags, { hub: kept.source });
      await trainOn(trainer, base, 1);
      let asked = 0;
      const { run } = await trainOn(trainer, moved, 2, { stop: () => ++asked > 3 });
      assert.deepEqual([run.steps, asked], [0, 4]);
      kept.reads.length = 0;
      await trainOn(trainer, base, 3);
      assert.ok(kept.reads.length > 0);
      assert.deepEqual(filesOf(home), await fresh(t, base));
    });

    it("and other groups' experts that have not changed, mode full", async (t) => {
      const network = full;
      const [kept, frozen] = [counted(hub, "hub"), counted(others, "of prose")];
      const { trainer, home } = await open(t, MINIMAL, flags, { network, hub: kept.source });
      await trainOn(trainer, base, 1, { frozen: frozen.source });
      assert.ok(frozen.reads.length > 0);
      for (const { reads } of [kept, frozen]) reads.length = 0;
      await trainOn(trainer, moved, 2, { frozen: frozen.source });
      assert.deepEqual([kept.reads, frozen.reads], [[], []]);
      assert.deepEqual(filesOf(home), await fresh(t, moved, { network }, inMemory(others)));
    });
  });

  it("is measured from its files where its shard is larger than memory", async (t) => {
    const inFiles: string[] = [];
    const uploaded: number[] = [];
    const watched: Device = {
      ...device,
      compile: (graph, outputs, options) => {
        inFiles.push(...Object.keys(options?.stored ?? {}));
        return device.compile(graph, outputs, options);
      },
      upload: (tensor) => {
        uploaded.push(tensor.data.length);
        return device.upload(tensor);
      },
    };
    const { trainer, home } = await open(t, MINIMAL, { max_steps: 3 }, { memory: 0, openDevice: async () => watched });
    const { update } = await train(trainer);
    const whole = await open(t, MINIMAL, { max_steps: 3 });
    await train(whole.trainer);
    const gained = Object.entries(base).map(([name, { data, ...tensor }]) => {
      const more = update.get(name)!.data;
      return [name, { ...tensor, data: data.map((weight, i) => weight + more[i]!) }] as const;
    });
    for (const weights of [base, Object.fromEntries(gained)]) {
      const [ours, theirs] = [
        await trainer.losses(inMemory(weights), heldOut),
        await whole.trainer.losses(inMemory(weights), heldOut),
      ];
      for (const [i, loss] of ours.entries()) assert.ok(Math.abs(loss - theirs[i]!) < 1e-5, `${loss} ${theirs[i]}`);
    }
    assert.deepEqual(uploaded, []);
    assert.ok(inFiles.length > 0);
    assert.ok(!existsSync(join(home, "measured.safetensors")));
  });

  for (const memory of [0, Number.POSITIVE_INFINITY])
    for (const end of ["closed", "told to"])
      it(`ends its check of an update when it is ${end}, with ${memory} bytes for the shard`, async (t) => {
        let runs = 0;
        let closing: Promise<void> | undefined;
        const over = new AbortController();
        const counting = atEachRun(device, () => {
          runs += 1;
          if (end === "closed") closing ??= trainer.dispose();
          else over.abort(new Error("it is stopped"));
        });
        const { trainer } = await open(t, MINIMAL, { max_steps: 1 }, { memory, openDevice: async () => counting });
        await train(trainer);
        const measured = trainer.losses(inMemory(base), { ...heldOut, signal: over.signal });
        await assert.rejects(measured, end === "closed" ? coded("STOPPED") : /it is stopped/);
        await closing;
        assert.equal(runs, 1);
      });
});
