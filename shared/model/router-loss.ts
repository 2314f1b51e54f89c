import type { Graph, Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { ForwardShape } from "./forward.js";
import { forwardBatch, type RouterTerms, routerTerms } from "./loss.js";
import { routerName } from "./parameters.js";

type Values = Readonly<Record<string, Value>>;

export interface RouterLossOptions extends Omit<ForwardShape, "held">, RouterTerms {
  /** Experts that a token is sent to. */
  readonly perToken: number;
}

/**
 * The router's two terms of the genesis objective for a model upcycled of a dense one, whose weights are given beside the routers. While its experts
 * are copies, what a router is given does not depend on any router: the dense model computes it, and no gradient goes through the model. Metric: the
 * mean mass on the experts of the document's own group.
 *
 * @param options.config of the dense model
 */
export const routerLoss =
  (options: RouterLossOptions) =>
  (graph: Graph, weights: Values, inputs: Values): { loss: Value; metrics: Values } => {
    const { config, perToken, experts, groups, owned } = options;
    const held = Array.from({ length: config.num_hidden_layers }, () => []);
    const { inputs: given } = forwardBatch(graph, weights, inputs, { ...options, held });
    const layers = given.map((x, layer) => {
      const probabilities = op.softmax(op.matmul(x, weights[routerName(layer)]!, { transB: true }));
      return { layer, probabilities, chosen: op.topK(probabilities, perToken).indices };
    });
    const masses = layers.map(({ layer, probabilities }) => {
      const own = op.gather(graph.constant(owned[layer]!, [groups, experts]), inputs.group!);
      return op.reduceMean(op.reduceSum(op.mul(probabilities, own), [-1]), [0]);
    });
    return {
      loss: layers.map((layer) => routerTerms(layer, inputs.group!, options)).reduce(op.add),
      metrics: { mass: op.scale(masses.reduce(op.add), 1 / layers.length) },
    };
  };
