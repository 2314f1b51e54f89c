import type { AnyTensors, DeviceTensor, Tensors } from "#shared/engine/device.js";
import { type FloatTensor, floatTensor, type IntTensor, zeros } from "#shared/engine/tensor.js";
import { blocksOf } from "#shared/model/families/index.js";
import { EMBEDDING, headName } from "#shared/model/parameters.js";
import { adamwVectors } from "../adamw-vectors.js";
import type { FloatSource } from "../float-source.js";
import { type FrozenSource, firstOf, frozenInMemory, rowsOf, wholeTensors } from "../frozen-source.js";
import type { NamedFloats } from "../objective.js";
import {
  type BatchScalars,
  disposeAll,
  type StepBackend,
  type StepBackendOptions,
  trainedShapes,
  upload,
} from "../step-backend.js";
import { GRADIENT } from "../train-programs.js";
import { checkBatch } from "./check-batch.js";
import { addEmbeddingGradient, embed } from "./embedding.js";
import { gradientSums } from "./gradient-sums.js";
import { openHead } from "./head.js";
import { NORM_WEIGHT } from "./head-programs.js";
import { layerKinds, lowestTrained } from "./layer-kinds.js";
import {
  compileLayer,
  HIDDEN,
  HIDDEN_GRADIENT,
  keptName,
  keptShapes,
  type LayerPrograms,
  STARTS,
} from "./layer-programs.js";
import type { Layered } from "./layered.js";

/**
 * Layers one after another, each kind of them as one program that runs as often as there are such layers. The forward pass keeps one hidden state a
 * layer, and of what else it makes as much as is small; the backward pass computes the rest of each layer once more. Of frozen weights only one
 * layer's are in memory. Losses and gradients are those of the whole graph to rounding. For devices that compute in host memory.
 */
export const layersStep = async (options: StepBackendOptions, layered: Layered): Promise<StepBackend> => {
  const { device, trainable } = options;
  const { shape } = layered;
  const { config } = shape;
  const trained = new Set(trainable);
  const shapes = trainedShapes(options);
  const layers = layerKinds(shape, trained);
  const lowest = lowestTrained(layers, trained);

  const programs = new Map<(typeof layers)[number]["kind"], LayerPrograms>();
  const keeps = keptShapes(shape, layers);
  for (const [kind, { length: kept }] of keeps) programs.set(kind, await compileLayer(device, shape, { kind, kept }));

  const { vectors, prepare, apply } = adamwVectors(options, { accumulates: false });
  const tensors = (pick: (each: (typeof vectors)[number]) => Float32Array): NamedFloats =>
    Object.fromEntries(trainable.map((name, i) => [name, floatTensor(pick(vectors[i]!), shapes[name]!)]));
  const state = {
    params: await upload(device, Object.entries(tensors(({ parameter }) => parameter))),
    m: await upload(device, Object.entries(tensors(({ m }) => m))),
    v: await upload(device, Object.entries(tensors(({ v }) => v))),
  };
  const masters = tensors(({ parameter }) => parameter);
  const gradients = tensors(({ gradient }) => gradient);
  const sums = gradientSums(gradients);
  const frozen = frozenOf(options, layered);
  /** What has been frozen since, by the tensors' names. */
  const replaced = new Map<string, FrozenSource>();
  const sourceOf = (name: string): FrozenSource => replaced.get(name) ?? frozen;

  const read = async (name: string): Promise<DeviceTensor | FloatTensor> =>
    state.params[name] ?? (await sourceOf(name).read(name));
  const readRows = async (name: string, first: number, end: number): Promise<FloatTensor> =>
    trained.has(name) ? rowsOf(masters[name]!, first, end) : sourceOf(name).rows(name, first, end);
  const weightsOf = async ({ names }: (typeof layers)[number]): Promise<AnyTensors> => {
    const feeds: Record<string, AnyTensors[string]> = {};
    for (const [input, name] of names) feeds[input] = await read(name);
    return feeds;
  };

  const matrix = headName(config);
  const head = await openHead(device, shape, {
    matrix,
    trained,
    weights: { norm: () => read(NORM_WEIGHT), rows: (first, end) => readRows(matrix, first, end) },
  });
  const size = [shape.batchSize * shape.sequenceLength, config.hidden_size];
  const hidden = Array.from({ length: layers.length + 1 }, () => zeros(size));
  const kept = layers.map(
    ({ kind }): NamedFloats =>
      Object.fromEntries(keeps.get(kind)!.map((each, place) => [keptName(place), zeros(each)])),
  );
  const { embedding: embeddingScale } = blocksOf(config).scales;

  const startsOf = (batch: Tensors): Tensors => (shape.isolated ? { [STARTS]: batch.starts! } : {});

  /** The loss of one batch. Like the backward pass it may take minutes, so both look at the signal before every program. */
  const lossOf = async (batch: Tensors, signal: AbortSignal): Promise<number> => {
    checkBatch(batch, shape);
    const { ids, targets } = batch as Batch;
    const starts = startsOf(batch);
    await embed(ids, hidden[0]!, { scale: embeddingScale, rows: (first, end) => readRows(EMBEDDING, first, end) });
    for (const [i, layer] of layers.entries()) {
      signal.throwIfAborted();
      const feeds = { [HIDDEN]: hidden[i]!, ...starts, ...(await weightsOf(layer)) };
      await programs.get(layer.kind)!.forward.run(feeds, { [HIDDEN]: hidden[i + 1]!, ...kept[i] });
    }
    return Math.fround(await head.loss(hidden[layers.length]!, targets, signal));
  };

  /** Forward pass and backward pass of one batch: its loss, and its gradients in the sums. */
  const computeBatch = async (batch: Tensors, signal: AbortSignal): Promise<BatchScalars> => {
    const loss = await lossOf(batch, signal);
    if (!Number.isFinite(loss)) return { loss, metrics: {} };

    const { ids, targets } = batch as Batch;
    const starts = startsOf(batch);
    let gradient = await head.gradient(hidden[layers.length]!, targets, sums, signal);
    for (let i = layers.length - 1; i >= lowest; i--) {
      signal.throwIfAborted();
      const layer = layers[i]!;
      const { trained: own } = layer.kind;
      // The hidden state after the layer is needed no more.
      const next = hidden[i + 1]!;
      const feeds = {
        [HIDDEN]: hidden[i]!,
        [HIDDEN_GRADIENT]: gradient,
        ...kept[i],
        ...starts,
        ...(await weightsOf(layer)),
      };
      const wanted = Object.fromEntries(own.map((name) => [GRADIENT + name, { name: layer.names.get(name)! }]));
      await sums.collect(wanted, (places) =>
        programs.get(layer.kind)!.backward.run(feeds, { [HIDDEN_GRADIENT]: next, ...places }),
      );
      gradient = next;
    }
    if (trained.has(EMBEDDING)) {
      const sum = gradients[EMBEDDING]!;
      // A tied head has written its part before.
      await sums.collect({ [EMBEDDING]: { name: EMBEDDING } }, async (places) => {
        const place = places[EMBEDDING]!;
        if (place.data.buffer === sum.data.buffer) place.data.fill(0);
        addEmbeddingGradient(ids, gradient, place, embeddingScale);
      });
    }
    return { loss, metrics: {} };
  };

  return {
    async compute(batches, step, learningRate, signal) {
      const results: BatchScalars[] = [];
      sums.begin();
      for (const batch of batches) {
        results.push(await computeBatch(batch, signal));
        if (!Number.isFinite(results.at(-1)!.loss)) return { results, gradNorm: Number.NaN };
      }
      return { results, gradNorm: prepare(batches.length, step, learningRate) };
    },
    loss: lossOf,
    apply,
    tensor: (part, name) => state[part][name]!,
    frozenShapes: frozen.shapes,
    async freeze(from: FloatSource) {
      const source = wholeTensors(from);
      for (const name of Object.keys(from.shapes)) replaced.set(name, source);
    },
    async dispose() {
      disposeAll(...Object.values(state));
      await head.dispose();
      for (const { forward, backward } of programs.values()) {
        await forward.dispose();
        await backward.dispose();
      }
    },
  };
};

/** A batch that was checked. */
type Batch = Readonly<Record<"ids" | "targets", IntTensor>>;

// Top-level, so that no closure retains the caller's trained tensors.

const frozenOf = ({ params, trainable }: StepBackendOptions, { frozen }: Layered): FrozenSource => {
  const names = new Set(trainable);
  const given = frozenInMemory(Object.fromEntries(Object.entries(params).filter(([name]) => !names.has(name))));
  return frozen ? firstOf([given, frozen]) : given;
};
