import { tmpdir } from "node:os";
import type { Device, Tensors } from "#shared/engine/device.js";
import type { Graph, Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { floatTensor, intTensor } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Routing } from "#shared/model/blocks/mixture.js";
import { familyOf } from "#shared/model/families/index.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { allExperts } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { inLots } from "#shared/util/in-lots.js";
import { once } from "#shared/util/once.js";
import { textMemory } from "./evaluation-memory.js";
import { layerGraphs } from "./layers/layer-graphs.js";
import { passContext, textThrough } from "./layers/layer-pass.js";

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
  /** Number of rows that go through a layer at once. */
  readonly batchSize: number;
  /** Greatest number of tokens in a row. */
  readonly sequenceLength: number;
  /**
   * In memory, or in files, of which no more than a layer is in use at a time. Asked for when rows are measured first: reading it may take minutes.
   */
  readonly model: () => Promise<ModelTensors>;
  /** Bytes of hidden states in memory: rows of more go through the model one part after the other. By default as `textMemory`. */
  readonly memory?: number;
  /** Ends a measurement between two runs of a layer, with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Measures the choices of a model's routers layer by layer: all rows go through a layer before the next is opened. Nothing after the last router is
 * computed.
 *
 * @throws BlockZeroError MODEL_DENSE
 */
export const createRoutingMeter = (
  device: Device,
  config: ModelConfig,
  { batchSize, sequenceLength, model, memory = textMemory(), signal }: RoutingMeterOptions,
): RoutingMeter => {
  const held = allExperts(config);
  const layers = held.flatMap((experts, layer) => (experts.length > 0 ? [layer] : []));
  if (layers.length === 0)
    throw new BlockZeroError(
      "MODEL_DENSE",
      `a dense model of the family ${familyOf(config).title} has no experts`,
      "name a model with experts, or the export of one that `blockzero genesis --experts` made of it",
    );
  const shape = { config, held, batchSize, sequenceLength };
  const ofRouting = (routing: Routing, graph: Graph) =>
    statisticsOf(routing, graph.input("weights", [batchSize, batchSize * sequenceLength]), config);
  const context = passContext({
    device,
    shape,
    graphs: layerGraphs(shape, { ofRouting }),
    memory,
    folder: tmpdir(),
    signals: signal ? [signal] : [],
  });
  const read = once(model);
  return {
    layers,
    async measure(rows) {
      const measured = rows.map((row) => ({
        row,
        tokens: row.length,
        gate: [] as Float32Array[],
        selected: [] as Float32Array[],
      }));
      await textThrough(context, {
        model: await read(),
        runs: inLots(measured, batchSize),
        feed: (run) => {
          const own = run.map(({ row }) => row);
          return feeds(own, batchSize, sequenceLength);
        },
        onOutputs(run, { gate, selected }) {
          if (!gate || !selected) return;
          for (const [i, own] of run.entries()) {
            own.gate.push(expertsOf(gate, i));
            own.selected.push(expertsOf(selected, i));
          }
        },
      });
      return measured.map(({ row: _, ...own }) => own);
    },
    dispose: () => context.programs.dispose(),
  };
};

/** The statistics of several texts' rows. All go through the model together, which is then read once. */
export const measureEach = async (
  meter: Pick<RoutingMeter, "measure">,
  texts: readonly (readonly TokenRow[])[],
): Promise<RoutingRow[][]> => {
  const measured = await meter.measure(texts.flat());
  return texts.map(({ length }) => measured.splice(0, length));
};

/** Of each row of text what its experts got: [rows, experts]. @param weights [rows, N], of each row 1 divided by its length at each of its tokens */
const statisticsOf = (
  { probabilities, chosen }: Routing,
  weights: Value,
  { num_experts }: ModelConfig,
): Record<"gate" | "selected", Value> => {
  const picks = op.reduceSum(op.oneHot(chosen, num_experts), [1]); // [N, experts]
  const mass = op.mul(picks, probabilities);
  const gate = op.div(mass, op.reduceSum(mass, [-1], { keepdims: true }));
  return {
    gate: op.matmul(weights, gate),
    selected: op.scale(op.matmul(weights, picks), 1 / (chosen.shape[1] as number)),
  };
};

const expertsOf = ({ data, shape }: Tensors[string], row: number): Float32Array =>
  (data as Float32Array).slice(row * shape[1]!, (row + 1) * shape[1]!);

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
