import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Device } from "#shared/engine/device.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, parameterShapes } from "#shared/model/parameters.js";
import { PRESETS } from "#shared/model/presets.js";
import { mapValues } from "#shared/training/objective.js";
import { planStep } from "#shared/training/plan.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { device, MICRO, microParameters } from "../model/micro.js";

const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: 8 };
const params = microParameters(MICRO);
const step = {
  loss: languageModelLoss(shape),
  inputs: batchInputs(shape),
  trainable: Object.keys(params).filter((name) => name.includes("experts")),
};

describe("a step's plan", () => {
  for (const hostMemory of [true, false])
    for (const accumulation of [1, 2])
      it(`counts the tensors that a step holds, ${hostMemory ? "beside" : "in"} its program, ${accumulation} micro-batches`, async () => {
        let held = 0;
        const counting: Device = {
          ...device,
          hostMemory,
          upload(tensor) {
            held += tensor.data.byteLength;
            return device.upload(tensor);
          },
        };
        const trainStep = await createTrainStep({ ...step, params, accumulation, device: counting });
        await trainStep.dispose();

        const { activations, ...planned } = await planStep({
          ...step,
          params: mapValues(params, (tensor) => tensor.shape),
          accumulation,
          hostMemory,
          mostRows: shape.batchSize * shape.sequenceLength,
        });
        const sum = Object.values(planned).reduce((total, bytes) => total + bytes, 0);
        assert.equal(sum, held);
        assert.ok(activations > 0);
      });

  it("keeps what a forward pass makes up to 256 MiB, and makes the rest of a larger one again", async () => {
    const activations = async (batchSize: number, sequenceLength: number) => {
      const config = { ...PRESETS.bench, max_position_embeddings: sequenceLength };
      const large = { config, held: allExperts(config), batchSize, sequenceLength };
      const plan = await planStep({
        loss: languageModelLoss(large),
        inputs: batchInputs(large),
        params: parameterShapes(config),
        trainable: Object.keys(parameterShapes(config)),
        hostMemory: true,
        mostRows: batchSize * sequenceLength,
      });
      return plan.activations;
    };
    const [kept, remade] = [await activations(8, 128), await activations(1, 2048)];
    assert.ok(remade < 1.2 * kept, `${remade} bytes of 2,048 tokens, ${kept} of 1,024`);
  });
});
