import type { Graph, Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { Routing } from "./blocks/mixture.js";
import { type ForwardShape, forward, hiddenStates } from "./forward.js";
import { type ForwardContext, isolatedContext, plainContext } from "./forward-context.js";
import { headLosses } from "./head-losses.js";

type Values = Readonly<Record<string, Value>>;
type Loss = (graph: Graph, weights: Values, inputs: Values) => { loss: Value; metrics: Values };

/** Graph inputs of a batch, int64 [batch × sequence]: ids and targets, and of isolated documents where each begins. */
export const batchInputs = ({
  batchSize,
  sequenceLength,
  isolated = false,
}: Pick<ForwardShape, "batchSize" | "sequenceLength" | "isolated">) => {
  const perToken = { shape: [batchSize * sequenceLength], dtype: "int64" } as const;
  return { ids: perToken, targets: perToken, ...(isolated && { starts: perToken }) };
};

/** The forward pass of a batch's inputs. */
export const forwardBatch = (graph: Graph, weights: Values, inputs: Values, shape: ForwardShape) =>
  forward(graph, weights, inputs.ids!, shape, batchContext(graph, inputs, shape));

/** Where the tokens of a batch stand. */
export const batchContext = (graph: Graph, inputs: Values, shape: ForwardShape): ForwardContext =>
  shape.isolated ? isolatedContext(graph, shape, inputs.starts!) : plainContext(graph, shape);

/** The negative log-likelihood of each token in nats, 0 where it does not count: [N]. */
const batchTokenLosses = (graph: Graph, weights: Values, inputs: Values, shape: ForwardShape): Value => {
  const { hidden } = hiddenStates(graph, weights, inputs.ids!, shape, batchContext(graph, inputs, shape));
  return headLosses(hidden, weights, inputs.targets!, shape);
};

/** Mean next-token cross-entropy in nats. */
export const languageModelLoss =
  (shape: ForwardShape): Loss =>
  (graph, weights, inputs) => {
    const losses = batchTokenLosses(graph, weights, inputs, shape);
    return { loss: op.countedMean(losses, op.countedTargets(inputs.targets!)), metrics: {} };
  };

/** The same of several batches, one under the other: the mean of all, and as a metric that of each by its number. `batchSize` is that of all. */
export const batchLosses =
  (shape: ForwardShape, batches: number): Loss =>
  (graph, weights, inputs) => {
    const losses = batchTokenLosses(graph, weights, inputs, shape);
    const { ofAll, ofBatches } = meanLosses(losses, inputs.targets!, batches);
    return { loss: ofAll, metrics: ofBatches };
  };

/** Means over the tokens that count: of all, and of each of the batches that they are, one under the other. @param losses of tokens [N] */
export const meanLosses = (
  losses: Value,
  targets: Value,
  batches: number,
): { readonly ofAll: Value; readonly ofBatches: Values } => {
  const counted = op.countedTargets(targets);
  const tokens = (targets.shape[0] as number) / batches;
  const ofBatches: Record<string, Value> = {};
  for (let batch = 0; batch < batches; batch++) {
    const own = { axis: 0, start: batch * tokens, end: (batch + 1) * tokens };
    ofBatches[batch] = op.countedMean(op.slice(losses, own), op.slice(counted, own));
  }
  return { ofAll: op.countedMean(losses, counted), ofBatches };
};

/** The genesis objective's two terms on routers: which experts are whose, and what the terms are weighed by. */
export interface RouterTerms {
  /** Experts of a layer. */
  readonly experts: number;
  /** For each layer, a table [groups, experts]: 1 where the group owns the expert, else 0. */
  readonly owned: readonly Float32Array[];
  readonly groups: number;
  /** Weight of −log of the router's mass on the experts of the document's own group. */
  readonly affinity: number;
  /** Weight of the load-balancing loss (Switch Transformer, section 2.2). */
  readonly balance: number;
}

export type PretrainingOptions = ForwardShape & Omit<RouterTerms, "experts">;

/**
 * The genesis objective: cross-entropy, plus two terms on every router. Affinity teaches it to send a group's text to the group's own
 * experts, so that the shard a miner trains routes as the whole model does; balance keeps all of them in use.
 * Inputs: those of a batch and `group` int64 [N], the group of each token's document.
 */
export const pretrainingLoss =
  (options: PretrainingOptions): Loss =>
  (graph, weights, inputs) => {
    const { logits, routing } = forwardBatch(graph, weights, inputs, options);
    const crossEntropy = op.crossEntropy(logits, inputs.targets!);
    const experts = options.config.num_experts;
    const terms = routing.map((layer) => routerTerms(layer, inputs.group!, { ...options, experts }));
    return { loss: terms.reduce(op.add, crossEntropy), metrics: { crossEntropy } };
  };

/** Affinity and balance of one layer's router. @param group int64 [N] */
export const routerTerms = (layer: Routing, group: Value, options: RouterTerms): Value => {
  const { experts } = options;
  const table = group.graph.constant(options.owned[layer.layer]!, [options.groups, experts]);
  const affinity = affinityLoss(layer, op.gather(table, group));
  return op.add(op.scale(affinity, options.affinity), op.scale(balanceLoss(layer, experts), options.balance));
};

/** −mean log of the probability mass on owned experts: owned float32 [N, experts] → scalar. */
const affinityLoss = ({ probabilities }: Routing, owned: Value): Value => {
  const mass = op.reduceSum(op.mul(probabilities, owned), [-1]);
  const floor = mass.graph.constant(new Float32Array([1e-9]), []);
  return op.neg(op.reduceMean(op.log(op.add(mass, floor)), [0]));
};

/** experts · Σ_e f_e P_e, f the share of (token, choice) pairs that went to an expert, P its mean probability. */
const balanceLoss = ({ probabilities, chosen }: Routing, experts: number): Value => {
  const picks = op.reduceMean(op.oneHot(chosen, experts), [0, 1]); // [experts], no gradient
  const mean = op.reduceMean(probabilities, [0]);
  return op.scale(op.reduceSum(op.mul(picks, mean), [0]), experts);
};
