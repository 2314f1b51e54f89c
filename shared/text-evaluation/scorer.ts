import { tmpdir } from "node:os";
import type { Device } from "#shared/engine/device.js";
import { intTensor } from "#shared/engine/tensor.js";
import { textMemory } from "#shared/evaluation/evaluation-memory.js";
import { layerGraphs } from "#shared/evaluation/layers/layer-graphs.js";
import { type PassContext, passContext, textThrough } from "#shared/evaluation/layers/layer-pass.js";
import { batchesOfRun } from "#shared/evaluation/loss-meter.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { allExperts } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { inLots } from "#shared/util/in-lots.js";

/** A sequence of which the model predicts the end. */
export interface ScoreRequest {
  /** Tokens, at most one more than the scorer's window. */
  readonly ids: Uint32Array;
  /** The first token that is predicted, from 1 on: those before it are context. */
  readonly from: number;
}

/** Measures how likely a model finds given text. */
export interface Scorer {
  /** Longest input in tokens. */
  readonly window: number;
  /**
   * Negative log-likelihood in nats of the predicted tokens of each request, in the requests' order.
   *
   * @param onProgress told now and then which share of the work is done, 0–1
   */
  nats(requests: readonly ScoreRequest[], onProgress?: (share: number) => void): Promise<number[]>;
  dispose(): Promise<void>;
}

export interface ScoredModel {
  readonly config: ModelConfig;
  /** In memory, or in files, of which no more than a layer is in use at a time. */
  readonly tensors: ModelTensors;
}

export interface ScorerOptions {
  /** Longest input in tokens, at most the model's. */
  readonly window: number;
  /** Bytes of hidden states in memory: requests of more go through the model one part after the other. By default as `textMemory`. */
  readonly memory?: number;
}

/** Inputs are padded to powers of two from here on, so that few programs serve all lengths. */
const SHORTEST = 32;

/** Goes through the model layer by layer: all requests of a length go through a layer before the next is opened. */
export const createScorer = (
  device: Device,
  { config, tensors }: ScoredModel,
  { window, memory = textMemory() }: ScorerOptions,
): Scorer => {
  const sizes = new Map<number, Sized>();
  const sizedFor = (length: number): Sized => {
    const sized = sizes.get(length) ?? sizedOf(device, config, length, memory);
    sizes.set(length, sized);
    return sized;
  };
  const paddedLength = ({ ids }: ScoreRequest): number => {
    let length = SHORTEST;
    while (length < ids.length - 1) length *= 2;
    return Math.min(length, window);
  };
  return {
    window,
    async nats(requests, onProgress) {
      const places = new Map<number, number[]>();
      for (const [place, request] of requests.entries()) {
        const length = paddedLength(request);
        const own = places.get(length);
        if (own) own.push(place);
        else places.set(length, [place]);
      }
      const texts = [...places].map(([length, own]) => {
        const sized = sizedFor(length);
        return { ...sized, length, runs: inLots(own, sized.batchSize) };
      });
      const all = texts.reduce((sum, { context, runs }) => sum + runs.length * (context.graphs.layers + 2), 0);
      let done = 0;
      const onRun = () => onProgress?.(++done / all);
      const results = new Array<number>(requests.length);
      for (const { context, batchSize, length, runs } of texts)
        await textThrough(context, {
          model: tensors,
          runs,
          feed: (run) => {
            const own = run.map((place) => requests[place]!);
            return feedsOf(own, batchSize, length);
          },
          onHead: (run, { losses }) => {
            for (const [row, place] of run.entries())
              results[place] = sumOf(losses!.data, row * length, requests[place]!);
          },
          onRun,
        });
      return results;
    },
    async dispose() {
      for (const { context } of sizes.values()) await context.programs.dispose();
    },
  };
};

/** What inputs of a length go through. */
interface Sized {
  readonly context: PassContext;
  readonly batchSize: number;
}

const sizedOf = (device: Device, config: ModelConfig, length: number, memory: number): Sized => {
  const batchSize = batchesOfRun(1, { sequence_length: length });
  const shape = { config, held: allExperts(config), batchSize, sequenceLength: length };
  const graphs = layerGraphs(shape, { ofLosses: (losses) => ({ losses }) });
  return { context: passContext({ device, shape, graphs, memory, folder: tmpdir(), signals: [] }), batchSize };
};

/** Rows are filled up at their end, which nothing before it looks at. */
const feedsOf = (requests: readonly ScoreRequest[], batchSize: number, length: number) => {
  const ids = new BigInt64Array(batchSize * length);
  const targets = new BigInt64Array(batchSize * length);
  for (const [row, request] of requests.entries())
    for (let i = 0; i + 1 < request.ids.length; i++) {
      ids[row * length + i] = BigInt(request.ids[i]!);
      targets[row * length + i] = BigInt(request.ids[i + 1]!);
    }
  return { ids: intTensor(ids, [ids.length]), targets: intTensor(targets, [targets.length]) };
};

const sumOf = (losses: ArrayLike<number | bigint>, start: number, { ids, from }: ScoreRequest): number => {
  let sum = 0;
  for (let token = from; token < ids.length; token++) sum += Number(losses[start + token - 1]);
  return sum;
};
