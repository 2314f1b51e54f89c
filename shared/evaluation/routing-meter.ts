import type { Device, DeviceTensor } from "#shared/engine/device.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { floatTensor, intTensor } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { familyOf } from "#shared/model/families/index.js";
import { forward } from "#shared/model/forward.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

/** The choices of a model's routers for a row of text. */
export interface RoutingRow {
  /** Tokens that were counted. */
  readonly tokens: number;
  /**
   * For each layer with experts and each expert, the mean over tokens of its share of the chosen experts' probability. The values of a
   * layer sum to 1. ESFT's average gate score (arXiv 2407.01906, equation 6), normalised over the choice.
   */
  readonly gate: readonly Float32Array[];
  /** The expert's share of all choices. The values of a layer sum to 1. ESFT's token selection ratio (equation 7). */
  readonly selected: readonly Float32Array[];
}

/** Tokens of one row, at most as many as the meter's rows are long. */
export type TokenRow = ArrayLike<number | bigint>;

export interface RoutingMeter {
  /** Layers that have experts, in the order in which `measure` returns them. */
  readonly layers: readonly number[];
  /** The statistics of each row, in their order. */
  measure(rows: readonly TokenRow[]): Promise<RoutingRow[]>;
  dispose(): Promise<void>;
}

export interface RoutingMeterOptions {
  /** Number of rows that go through the model at once. */
  readonly batchSize: number;
  /** Greatest number of tokens in a row. */
  readonly sequenceLength: number;
  readonly parameters: Parameters;
}

/**
 * Compiles a forward pass of the whole model that computes only the choices of its routers.
 *
 * @throws BlockZeroError MODEL_DENSE
 */
export const createRoutingMeter = async (
  device: Device,
  config: ModelConfig,
  { batchSize, sequenceLength, parameters }: RoutingMeterOptions,
): Promise<RoutingMeter> => {
  const tokens = batchSize * sequenceLength;
  const held = allExperts(config);
  const layers = held.flatMap((experts, layer) => (experts.length > 0 ? [layer] : []));
  if (layers.length === 0)
    throw new BlockZeroError(
      "MODEL_DENSE",
      `a dense model of the family ${familyOf(config).title} has no experts`,
      "name a model with experts, or the export of one that `blockzero genesis --experts` made of it",
    );
  const graph = new Graph();
  const values = Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }]) => [name, graph.input(name, shape)]),
  );
  const { routing } = forward(graph, values, graph.input("ids", [tokens], "int64"), {
    config,
    held,
    batchSize,
    sequenceLength,
  });
  const weights = graph.input("weights", [batchSize, tokens]);
  const outputs: Record<string, Value> = {};
  for (const [i, { probabilities, chosen }] of routing.entries()) {
    const picks = op.reduceSum(op.oneHot(chosen, config.num_experts), [1]); // [N, experts]
    const mass = op.mul(picks, probabilities);
    const gate = op.div(mass, op.reduceSum(mass, [-1], { keepdims: true }));
    outputs[`gate/${i}`] = op.matmul(weights, gate); // [batch, experts]
    outputs[`selected/${i}`] = op.scale(op.matmul(weights, picks), 1 / (chosen.shape[1] as number));
  }
  const program = await device.compile(graph, outputs);
  const base: Record<string, DeviceTensor> = {};
  for (const [name, tensor] of Object.entries(parameters)) base[name] = await device.upload(tensor);

  const measureBatch = async (rows: readonly TokenRow[]): Promise<RoutingRow[]> => {
    const results = await program.run({ ...base, ...feeds(rows, batchSize, sequenceLength) });
    const read = (what: string, row: number) =>
      layers.map((_, i) => {
        const data = results[`${what}/${i}`]!.data as Float32Array;
        return data.slice(row * config.num_experts, (row + 1) * config.num_experts);
      });
    return rows.map(({ length }, row) => ({
      tokens: length,
      gate: read("gate", row),
      selected: read("selected", row),
    }));
  };
  return {
    layers,
    async measure(rows) {
      const measured: RoutingRow[] = [];
      for (let at = 0; at < rows.length; at += batchSize)
        measured.push(...(await measureBatch(rows.slice(at, at + batchSize))));
      return measured;
    },
    async dispose() {
      for (const tensor of Object.values(base)) tensor.dispose();
      await program.dispose();
    },
  };
};

/** Ids, padded with zeros at the end. For each row, 1 divided by its length at each of its tokens. */
const feeds = (rows: readonly TokenRow[], batchSize: number, sequenceLength: number) => {
  const tokens = batchSize * sequenceLength;
  const ids = new BigInt64Array(tokens);
  const weights = new Float32Array(batchSize * tokens);
  for (const [row, own] of rows.entries()) {
    const start = row * sequenceLength;
    for (let i = 0; i < own.length; i++) {
      ids[start + i] = BigInt(own[i]!);
      weights[row * tokens + start + i] = 1 / own.length;
    }
  }
  return { ids: intTensor(ids, [tokens]), weights: floatTensor(weights, [batchSize, tokens]) };
};

/** The mean over rows, each weighted by its number of tokens: for each layer, one value per expert. */
export const meanRelevance = (rows: readonly RoutingRow[], by: "gate" | "selected"): number[][] => {
  const total = rows.reduce((sum, { tokens }) => sum + tokens, 0);
  return (rows[0]?.[by] ?? []).map((first, layer) =>
    Array.from(first, (_, expert) => rows.reduce((sum, row) => sum + row.tokens * row[by][layer]![expert]!, 0) / total),
  );
};
