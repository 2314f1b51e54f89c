import type { Device, DeviceTensor, Program } from "#shared/engine/device.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { intTensor } from "#shared/engine/tensor.js";
import { forward } from "#shared/model/forward.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

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
  /** Negative log-likelihood in nats of the predicted tokens of each request, in the requests' order. */
  nats(requests: readonly ScoreRequest[]): Promise<number[]>;
  dispose(): Promise<void>;
}

export interface ScoredModel {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
}

/** Inputs are padded to powers of two from here on, so that few programs serve all lengths. */
const SHORTEST = 32;
/** Elements of the logits of a run: some 128 MB. */
const MAX_LOGITS = 32 << 20;
/** Tokens in a run: from here on the rate grows no more. */
const MAX_TOKENS = 1024;

/** @param window longest input in tokens, at most the model's */
export const createScorer = async (device: Device, model: ScoredModel, window: number): Promise<Scorer> => {
  const { config, parameters } = model;
  const weights: Record<string, DeviceTensor> = {};
  for (const [name, tensor] of Object.entries(parameters)) weights[name] = await device.upload(tensor);
  const programs = new Map<number, Promise<Sized>>();
  const programOf = (length: number): Promise<Sized> => {
    const known = programs.get(length);
    if (known) return known;
    const batchSize = Math.max(1, Math.floor(Math.min(MAX_TOKENS, MAX_LOGITS / config.vocab_size) / length));
    const made = compile(device, model, batchSize, length);
    programs.set(length, made);
    return made;
  };
  const paddedLength = ({ ids }: ScoreRequest): number => {
    let length = SHORTEST;
    while (length < ids.length - 1) length *= 2;
    return Math.min(length, window);
  };
  return {
    window,
    async nats(requests) {
      const results = new Array<number>(requests.length);
      const byLength = new Map<number, number[]>();
      for (const [place, request] of requests.entries()) {
        const length = paddedLength(request);
        byLength.set(length, [...(byLength.get(length) ?? []), place]);
      }
      for (const [length, places] of byLength) {
        const { program, batchSize } = await programOf(length);
        for (let at = 0; at < places.length; at += batchSize) {
          const run = places.slice(at, at + batchSize);
          const feeds = feedsOf(
            run.map((place) => requests[place]!),
            batchSize,
            length,
          );
          const { losses } = await program.run({ ...weights, ...feeds });
          for (const [row, place] of run.entries())
            results[place] = sumOf(losses!.data, row * length, requests[place]!);
        }
      }
      return results;
    },
    async dispose() {
      for (const program of programs.values()) await (await program).program.dispose();
      for (const tensor of Object.values(weights)) tensor.dispose();
    },
  };
};

interface Sized {
  readonly program: Program;
  readonly batchSize: number;
}

const compile = async (
  device: Device,
  { config, parameters }: ScoredModel,
  batchSize: number,
  sequenceLength: number,
): Promise<Sized> => {
  const graph = new Graph();
  const weights = Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }]) => [name, graph.input(name, shape)]),
  );
  const tokens = [batchSize * sequenceLength];
  const ids = graph.input("ids", tokens, "int64");
  const targets = graph.input("targets", tokens, "int64");
  const { logits } = forward(graph, weights, ids, { config, held: allExperts(config), batchSize, sequenceLength });
  return { program: await device.compile(graph, { losses: op.tokenLosses(logits, targets) }), batchSize };
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
