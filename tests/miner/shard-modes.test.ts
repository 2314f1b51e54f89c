import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { groupHeldOutBatches } from "#datasets/group-data.js";
import { planTraining } from "#miner/plan/plan.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { groupShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { inMemory } from "#shared/training/float-source.js";
import { device } from "../shared/model/micro.js";
import { parameters } from "../support/micro-network.js";
import { base, configOf, openTrainer, network as restricted } from "./micro-shard.js";

const network: Network = { ...restricted, model: { ...restricted.model, shard: { mode: "full" } } };
const configBy = (program: string) => configOf({ max_steps: 2, "training.program": program });
const config = configBy("whole");
const heldOut = { seed: "7".repeat(64), batches: 2 };

/** The other group's experts, times a factor. */
const others = (factor: number): Parameters =>
  Object.fromEntries(
    Object.keys(groupShapes(network.model, network.groups.prose!)).map((name) => {
      const tensor = parameters[name]!;
      return [name, { ...tensor, data: tensor.data.map((weight) => factor * weight) }];
    }),
  );

const open = async (t: TestContext, program: string) => {
  const trainer = await openTrainer(configBy(program), { network });
  t.after(() => trainer.dispose());
  return trainer;
};

describe("a miner whose shard is full", () => {
  for (const program of ["whole", "layers"]) {
    it(`measures what validators measure, with the other groups' weights of each cycle, by ${program}`, async (t) => {
      const trainer = await open(t, program);
      const batches = groupHeldOutBatches(network, "math", { ...heldOut, batchSize: config.batch_size });
      const meter = await createLossMeter(device, network, { batchSize: config.batch_size, parameters });
      t.after(() => meter.dispose());
      const seen: number[][] = [];
      for (const [cycle, factor] of [1, 3].entries()) {
        await trainer.train(inMemory(base), { cycle, frozen: inMemory(others(factor)), stop: () => false });
        const own = await trainer.losses(inMemory(base), heldOut);
        const whole = await meter.losses({ ...parameters, ...others(factor) }, batches);
        for (const [i, loss] of own.entries()) assert.ok(Math.abs(loss - whole[i]!) < 1e-5, `${loss} ${whole[i]}`);
        seen.push([...own]);
      }
      assert.notDeepEqual(seen[0], seen[1]);
    });

    it(`trains its own experts alone, and does not begin without the others' weights, by ${program}`, async (t) => {
      const trainer = await open(t, program);
      await assert.rejects(trainer.train(inMemory(base), { cycle: 0, stop: () => false }), TypeError);
      const { update } = await trainer.train(inMemory(base), {
        cycle: 0,
        frozen: inMemory(others(1)),
        stop: () => false,
      });
      assert.deepEqual(Object.keys(update.shapes).sort(), Object.keys(base).sort());
    });
  }

  it("is planned with the other groups' weights, once in memory and in every cycle's download", async () => {
    const context = { blockSeconds: 12 };
    const [plain, full] = [
      await planTraining(config, restricted, context),
      await planTraining(config, network, context),
    ];
    const bytes = 4 * Object.values(others(1)).reduce((sum, { data }) => sum + data.length, 0);
    assert.equal(full.transfer.downPerCycle - plain.transfer.downPerCycle, bytes);
    assert.equal(full.memory.frozen - plain.memory.frozen, bytes);
    assert.equal(full.memory.trained, plain.memory.trained);
  });
});
