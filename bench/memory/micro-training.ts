import { createRandom } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { intTensor } from "#shared/engine/tensor.js";
import { initialParameters } from "#shared/model/init.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts } from "#shared/model/parameters.js";
import { PRESETS } from "#shared/model/presets.js";
import { createTrainStep } from "#shared/training/train-step.js";

/** Steps of a model so small that what they leave behind would show beside it. */
export const microTraining = async () => {
  const model = PRESETS.tiny;
  const shape = { config: model, held: allExperts(model), batchSize: 4, sequenceLength: 32 };
  const tokens = shape.batchSize * shape.sequenceLength;
  const random = createRandom("memory");
  const params = initialParameters(model, random);
  const trainStep = await createTrainStep({
    device: onnxCpu({ threads: 2 }),
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params,
    trainable: Object.keys(params),
  });
  const batch = () => {
    const ids = Array.from({ length: tokens + 1 }, () => random.below(256));
    return { ids: intTensor(ids.slice(0, -1), [tokens]), targets: intTensor(ids.slice(1), [tokens]) };
  };
  return { step: () => trainStep.step([batch()], 1e-3), dispose: () => trainStep.dispose() };
};
