import { gradients } from "#shared/engine/autodiff.js";
import { intTensor } from "#shared/engine/tensor.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { forward } from "#shared/model/forward.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts } from "#shared/model/parameters.js";
import { buildObjective } from "#shared/training/objective.js";
import { device } from "./micro.js";
import type { Reference } from "./reference.js";

/** Our logits, loss and gradients of every parameter, in one program. */
export const ourResults = async ({ dir, ids, targets, batchSize, sequenceLength }: Reference) => {
  const { config, parameters } = await readCheckpoint(dir);
  const shape = { config, held: allExperts(config), batchSize, sequenceLength };
  const { graph, params, loss } = buildObjective({
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: parameters,
  });
  const input = graph.inputs.find(({ name }) => name === "ids")!;
  const names = Object.keys(parameters);
  const slopes = gradients(
    loss,
    names.map((name) => params[name]!),
  );
  const outputs = Object.fromEntries(names.map((name, i) => [name, slopes[i]!]));
  const program = await device.compile(graph, {
    ...outputs,
    loss,
    logits: forward(graph, params, input, shape).logits,
  });
  try {
    const length = [batchSize * sequenceLength];
    return await program.run({ ...parameters, ids: intTensor(ids, length), targets: intTensor(targets, length) });
  } finally {
    await program.dispose();
  }
};
