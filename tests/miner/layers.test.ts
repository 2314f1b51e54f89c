import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planTraining } from "#miner/plan/plan.js";
import type { Device } from "#shared/engine/device.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Network } from "#shared/protocol/network.js";
import type { ReplicaStep } from "#shared/shard-training/trainer.js";
import { inMemory } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { collectingLog } from "../shared/chain/support.js";
import { device } from "../shared/model/micro.js";
import { atEachRun } from "../support/at-each-run.js";
import { coded } from "../support/coded.js";
import { trained } from "../support/trained.js";
import { base, configOf, hub, network, openTrainer } from "./micro-shard.js";

const configBy = (program: string) =>
  configOf({ max_steps: 4, gradient_accumulation_steps: 2, "training.program": program });

const trainedBy = async (program: string, of: Network) => {
  let closed = 0;
  const file = { ...frozenInMemory(hub), close: async () => void closed++ };
  const trainer = await openTrainer(configBy(program), { network: of, hub: file });
  const closedFirst = closed;
  const { run, update } = await trained(trainer.train(inMemory(base), { cycle: 1, stop: () => false }));
  await trainer.dispose();
  return { run, update, closedFirst, closed };
};

describe("a miner that trains layer by layer", () => {
  it("makes the update that the whole graph makes", async () => {
    const [whole, layers] = [await trainedBy("whole", network), await trainedBy("layers", network)];
    assert.ok(Math.abs(layers.run.lastLoss - whole.run.lastLoss) < 1e-4);
    assert.equal(layers.run.steps, 4);
    let [product, ofWhole, ofLayers] = [0, 0, 0];
    for (const [name, { data }] of whole.update)
      for (const [i, value] of data.entries()) {
        const other = layers.update.get(name)!.data[i]!;
        product += value * other;
        ofWhole += value ** 2;
        ofLayers += other ** 2;
      }
    assert.ok(product / Math.sqrt(ofWhole * ofLayers) > 0.9999);
  });

  it("reads the hub until it is disposed of, where the whole graph has read it at once", async () => {
    const [whole, layers] = [await trainedBy("whole", network), await trainedBy("layers", network)];
    assert.deepEqual([whole.closedFirst, whole.closed], [1, 1]);
    assert.deepEqual([layers.closedFirst, layers.closed], [0, 1]);
  });

  for (const program of ["whole", "layers"])
    it(`ends within its step when it is closed, and goes on at the step before: ${program}`, async (t) => {
      const dir = temporaryFolder(t);
      const { log } = collectingLog();
      const config = configBy(program);
      const keep = { dir, intervalSeconds: 0, log };
      const told = (steps: number[]) => ({
        cycle: 1,
        model: "a".repeat(64),
        stop: () => false,
        onStep: ({ step }: ReplicaStep) => void steps.push(step),
      });
      const straight = await openTrainer(config);
      const whole = await trained(straight.train(inMemory(base), told([])));
      await straight.dispose();

      let runs = 0;
      let closesAt = -1;
      let closing: Promise<void> | undefined;
      const closable = atEachRun(device, () => {
        if (++runs === closesAt) closing = trainer.dispose();
      });
      const first: number[] = [];
      const trainer = await openTrainer(config, { keep, device: closable });
      const training = trainer.train(inMemory(base), {
        ...told(first),
        onStep: ({ step }) => {
          first.push(step);
          if (step === 1) closesAt = runs + 1;
        },
      });
      await assert.rejects(training, coded("STOPPED"));
      await closing;
      assert.equal(runs, closesAt);

      const second: number[] = [];
      const again = await openTrainer(config, { keep });
      const rest = await trained(again.train(inMemory(base), told(second)));
      await again.dispose();
      assert.deepEqual(
        [first, second],
        [
          [0, 1],
          [2, 3],
        ],
      );
      assert.deepEqual(rest, whole);
    });

  for (const program of ["whole", "layers"])
    it(`keeps what it trained before a step that fails: ${program}`, async (t) => {
      const { log, lines } = collectingLog();
      const keep = { dir: temporaryFolder(t), intervalSeconds: 0, log };
      const fault = new BlockZeroError("GRAPH_RUN", "no memory", "free some");
      let [fails, steps] = [false, 0];
      const failing = atEachRun(device, () => {
        if (fails) throw fault;
      });
      const trainer = await openTrainer(configBy(program), { keep, device: failing });
      const { run } = await trained(
        trainer.train(inMemory(base), {
          cycle: 1,
          model: "a".repeat(64),
          stop: () => false,
          onStep: () => {
            fails = ++steps === 2;
          },
        }),
      );
      await trainer.dispose();
      assert.equal(run.steps, 2);
      const told = lines.filter(({ message }) => message === "training ended early: a step failed");
      assert.deepEqual(
        told.map(({ fields }) => [fields.code, fields.prevention]),
        [["GRAPH_RUN", "free some"]],
      );
    });

  for (const program of ["whole", "layers"])
    it(`ends a check of its update within its step: ${program}`, async () => {
      let runs = 0;
      const over = new AbortController();
      const counting = atEachRun(device, () => {
        runs += 1;
        over.abort(new Error("it is stopped"));
      });
      const trainer = await openTrainer(configBy(program), { device: counting });
      const heldOut = { seed: "7".repeat(64), batches: 2, signal: over.signal };
      await assert.rejects(trainer.losses(inMemory(base), heldOut), /it is stopped/);
      assert.equal(runs, 1);
      await trainer.dispose();
    });

  it("checks its update by forward passes alone", async () => {
    const gradients: boolean[] = [];
    const telling: Device = {
      ...device,
      async compile(graph, outputs) {
        const built = await device.compile(graph, outputs);
        const isBackward = Object.keys(outputs).some((name) => name.includes("gradient"));
        return {
          run: (...fed) => {
            gradients.push(isBackward);
            return built.run(...fed);
          },
          dispose: () => built.dispose(),
        };
      },
    };
    const trainer = await openTrainer(configBy("layers"), { device: telling });
    await trainer.losses(inMemory(base), { seed: "7".repeat(64), batches: 2 });
    await trainer.dispose();
    assert.ok(gradients.length > 0 && !gradients.includes(true));
  });

  it("does not begin before what was stopped has ended", async () => {
    const trainer = await openTrainer(configBy("whole"));
    const over = new AbortController();
    const options = { cycle: 1, stop: () => false };
    const stopped = trainer.train(inMemory(base), { ...options, signal: over.signal });
    over.abort(new Error("it is stopped"));
    const [end, next] = await Promise.allSettled([stopped, trained(trainer.train(inMemory(base), options))]);
    assert.equal(end.status, "rejected");
    assert.equal(next.status, "fulfilled");
    await trainer.dispose();
  });

  it("is planned with less memory where the sequence is long, and taken only then", async () => {
    const context = { blockSeconds: 12 };
    const short = await planTraining(configBy("auto"), network, context);
    assert.equal(short.program, "whole");
    assert.equal(short.mapped, 0);
    const model = { ...network.model, num_hidden_layers: 8, max_position_embeddings: 1024 };
    const experts = Object.fromEntries(Array.from({ length: 8 }, (_, layer) => [layer, [0, 1]]));
    const groups = { math: { ...network.groups.math!, experts } };
    const long: Network = { ...network, model, groups, data: { ...network.data, sequence_length: 1024 } };
    const layers = await planTraining(configBy("layers"), long, context);
    assert.ok(layers.memory.total < layers.otherwise!);
    assert.equal(layers.mapped, 4 * layers.parameters.hub);
    assert.ok(layers.memory.frozen < layers.mapped);
  });
});
