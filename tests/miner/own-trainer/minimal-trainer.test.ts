import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ReplicaStep } from "#miner/training/trainer.js";
import type { Device } from "#shared/engine/device.js";
import { groupShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { inMemory } from "#shared/training/float-source.js";
import { device, relativeError } from "../../shared/model/micro.js";
import { atEachRun } from "../../support/at-each-run.js";
import { coded } from "../../support/coded.js";
import { parameters } from "../../support/micro-network.js";
import { trained } from "../../support/trained.js";
import { base, openTrainer, network as restricted } from "../micro-shard.js";
import { MINIMAL, MODEL, open, train } from "./support.js";

const heldOut = { seed: "7".repeat(64), batches: 2 };

const full: Network = { ...restricted, model: { ...restricted.model, shard: { mode: "full" } } };

const others: Parameters = Object.fromEntries(
  Object.keys(groupShapes(full.model, full.groups.prose!)).map((name) => [name, parameters[name]!]),
);

describe("a trainer's program that follows the contract", () => {
  for (const [mode, network] of [
    ["restricted", restricted],
    ["full", full],
  ] as const)
    it(`gains what the built-in trainer gains on the same text, mode ${mode}`, async (t) => {
      const flags = { max_steps: 3, gradient_accumulation_steps: 2, warmup_steps: 1 };
      const frozen = mode === "full" ? inMemory(others) : undefined;
      const { trainer, config } = await open(t, MINIMAL, flags, { network });
      const steps: ReplicaStep[] = [];
      const own = await train(trainer, { frozen, onStep: (step) => steps.push(step) });

      const builtIn = await openTrainer(config, { network });
      t.after(() => builtIn.dispose());
      const expected: ReplicaStep[] = [];
      const reference = await trained(
        builtIn.train(inMemory(base), {
          cycle: 1,
          model: MODEL,
          frozen,
          stop: () => false,
          onStep: (step) => expected.push(step),
        }),
      );

      assert.deepEqual([...own.update.keys()].sort(), [...reference.update.keys()].sort());
      for (const [name, { data }] of own.update)
        assert.ok(relativeError(data, reference.update.get(name)!.data) < 1e-4, name);
      assert.deepEqual([own.run.steps, own.run.tokens], [reference.run.steps, reference.run.tokens]);
      assert.deepEqual(
        steps.map(({ step, learningRate }) => [step, learningRate]),
        expected.map(({ step, learningRate }) => [step, learningRate]),
      );
      for (const [i, { loss }] of steps.entries()) assert.ok(Math.abs(loss - expected[i]!.loss) < 1e-5);

      const [ours, theirs] = [
        await trainer.losses(inMemory(base), heldOut),
        await builtIn.losses(inMemory(base), heldOut),
      ];
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
