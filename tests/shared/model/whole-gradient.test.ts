import assert from "node:assert/strict";
import { it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { createRandom } from "#shared/data/random.js";
import { gradients } from "#shared/engine/autodiff.js";
import { Graph } from "#shared/engine/graph.js";
import { crossEntropy } from "#shared/engine/ops/index.js";
import { floatTensor, intTensor } from "#shared/engine/tensor.js";
import { forward } from "#shared/model/forward.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { device, floatsOf, MICRO, microIds, microParameters } from "./micro.js";

/** Smaller and odder than anyone would train it: a batch of one, a sequence of one, experts that no token chooses. */
interface Model {
  readonly config: ModelConfig;
  readonly batchSize: number;
  readonly sequenceLength: number;
  readonly seed: string;
}

const models: fc.Arbitrary<Model> = fc.record({
  config: fc
    .record({
      hidden_size: fc.integer({ min: 3, max: 18 }),
      num_hidden_layers: fc.integer({ min: 1, max: 2 }),
      heads: fc.constantFrom([1, 1], [2, 1], [2, 2], [4, 2]),
      head_dim: fc.constantFrom(2, 4, 6),
      num_experts: fc.integer({ min: 1, max: 6 }),
      num_experts_per_tok: fc.integer({ min: 1, max: 3 }),
      moe_intermediate_size: fc.integer({ min: 1, max: 13 }),
      norm_topk_prob: fc.boolean(),
      tie_word_embeddings: fc.boolean(),
    })
    .map(({ heads, num_experts_per_tok, ...rest }) => ({
      ...MICRO,
      ...rest,
      num_attention_heads: heads[0]!,
      num_key_value_heads: heads[1]!,
      num_experts_per_tok: Math.min(num_experts_per_tok, rest.num_experts),
    })),
  batchSize: fc.integer({ min: 1, max: 4 }),
  sequenceLength: fc.integer({ min: 1, max: 7 }),
  seed: fc.stringMatching(/^[a-z]{4}$/),
});

/** Length of the step along which the loss is differenced, for elements of a size of about one half. */
const STEP = 2e-3;

/** A model's loss with all its gradients, and its loss alone with the experts that tokens chose. */
const compile = async ({ config, batchSize, sequenceLength }: Model, parameters: Parameters) => {
  const tokens = batchSize * sequenceLength;
  const graph = new Graph();
  const weights = Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [name, graph.input(name, tensor.shape)]),
  );
  const ids = graph.input("ids", [tokens], "int64");
  const shape = { config, held: allExperts(config), batchSize, sequenceLength };
  const { logits, routing } = forward(graph, weights, ids, shape);
  const loss = crossEntropy(logits, graph.input("targets", [tokens], "int64"));
  const slopes = gradients(loss, Object.values(weights));
  const named = Object.fromEntries(Object.keys(weights).map((name, i) => [name, slopes[i]!]));
  const choices = Object.fromEntries(routing.map(({ chosen }, layer) => [`chosen.${layer}`, chosen]));
  return [await device.compile(graph, { loss, ...named }), await device.compile(graph, { loss, ...choices })] as const;
};

const checkGradients = async (model: Model): Promise<void> => {
  const { config, seed } = model;
  const parameters = microParameters(config, seed);
  const tokens = model.batchSize * model.sequenceLength;
  const batch = {
    ids: intTensor(microIds(tokens, seed, config)),
    targets: intTensor(microIds(tokens, `${seed}'`, config)),
  };
  const [program, measure] = await compile(model, parameters);
  const lossWith = async (changed: Parameters) => {
    const { loss, ...chosen } = await measure.run({ ...parameters, ...changed, ...batch });
    return { loss: floatsOf(loss)[0]!, chosen };
  };
  try {
    const kept = structuredClone(parameters);
    const found = await program.run({ ...parameters, ...batch });
    assert.deepEqual(await program.run({ ...parameters, ...batch }), found, "a second run gives the same bits");
    assert.deepEqual(parameters, kept, "a run leaves what it is fed");
    for (const [name, { data, shape }] of Object.entries(parameters)) {
      const random = createRandom(`${seed}/${name}`);
      const direction = data.map(() => random.next() - 0.5);
      const moved = (by: number) => ({
        [name]: floatTensor(
          direction.map((d, i) => data[i]! + by * d),
          shape,
        ),
      });
      const [above, below] = [await lossWith(moved(STEP)), await lossWith(moved(-STEP))];
      // Where a token changes its experts the loss jumps.
      if (!isDeepStrictEqual(above.chosen, below.chosen)) continue;
      const differences = (above.loss - below.loss) / (2 * STEP);
      const slope = floatsOf(found[name]).reduce((sum, each, i) => sum + each * direction[i]!, 0);
      // A loss of some 5 has 24 bits: half a millionth, divided by the step.
      const isClose = Math.abs(differences - slope) <= 2e-3 + 0.02 * Math.abs(slope);
      assert.ok(isClose, `${name}: its gradient says ${slope}, differences say ${differences}`);
    }
  } finally {
    await program.dispose();
    await measure.dispose();
  }
};

it("the gradient of a whole model is the slope of its loss, whatever its shape", { timeout: HANG_GUARD }, () =>
  fc.assert(fc.asyncProperty(models, checkGradients), { seed: 7, numRuns: 25, endOnFailure: true }),
);
