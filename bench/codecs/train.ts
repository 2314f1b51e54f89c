import { groupHeldOutBatches, groupTrainingLoader } from "#datasets/group-data.js";
import { isFault } from "#shared/artifact/codec/codec.js";
import { encodeUpdate, type Feedback } from "#shared/artifact/codec/encode-update.js";
import { CODECS, decodeTensor } from "#shared/artifact/codec/index.js";
import { buildUpdate, type FloatTensors, type TensorBlob } from "#shared/artifact/update.js";
import { createRandom } from "#shared/data/random.js";
import type { Device } from "#shared/engine/device.js";
import { zeros } from "#shared/engine/tensor.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { initialParameters } from "#shared/model/init.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, countParameters, type Parameters, parameterShapes } from "#shared/model/parameters.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import type { Network } from "#shared/protocol/network.js";
import { parseSafetensors } from "#shared/tensor-files/safetensors.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import { mapValues } from "#shared/training/objective.js";
import { cosineWithWarmup } from "#shared/training/schedule.js";
import { createTrainStep, type TrainState } from "#shared/training/train-step.js";
import { mean } from "#shared/util/mean.js";
import { type OuterState, outerStep } from "../outer-step.js";
import type { Run, Scale } from "./cases.js";

export interface Outcome {
  readonly run: Run;
  /** Held-out cross-entropy at the end, nats a byte; the same text for every run. */
  readonly loss: number;
  /** Bytes of one worker's update, and all that arrived. */
  readonly bytesPerCycle: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** What runs of one scale share: the model they start from, and what they are measured on. */
export interface Bench {
  /** Held-out loss of the model that all runs start from. */
  readonly startLoss: number;
  /** Bytes that the workers of data-parallel training send: each its gradient in float32, every step. */
  dataParallelBytes(workers: number): number;
  train(run: Run): Promise<Outcome>;
  dispose(): Promise<void>;
}

const GROUP = "prose";
const EVAL_BATCHES = 32;
const EVAL_BATCH_SIZE = 16;

export const openBench = async (device: Device, scale: Scale): Promise<Bench> => {
  const { model, sequenceLength, batchSize, innerSteps, cycles, outer } = scale;
  const network: Pick<Network, "model" | "groups" | "data"> = {
    model,
    groups: { [GROUP]: { experts: {}, data: ["moby-dick", "sotu"].map((kind) => ({ kind, weight: 1 })) } },
    data: { tokenizer: "byte", split: "sha256", sequence_length: sequenceLength, held_out: 0.1 },
  };
  const heldOut = groupHeldOutBatches(network, GROUP, {
    batches: EVAL_BATCHES,
    batchSize: EVAL_BATCH_SIZE,
    seed: "0".repeat(64),
  });
  const fresh = initialParameters(model, createRandom("bench/codecs"));
  const meter = await createLossMeter(device, network, { batchSize: EVAL_BATCH_SIZE, parameters: fresh });
  const lossOf = async (parameters: Parameters) => mean(await meter.losses(parameters, heldOut));
  const steps = innerSteps * cycles;
  const stepsOf = (sequences: number) => compileStep(device, scale, fresh, sequences);
  const loaderOf = (sequences: number, seed: string) =>
    groupTrainingLoader(network, GROUP, { batchSize: sequences, seed });

  const dataParallel = async (from: Parameters, count: number, seed: string): Promise<Parameters> => {
    const step = await stepsOf(batchSize);
    await step.restore({ params: from });
    const { next } = loaderOf(batchSize, seed);
    const rate = schedule(scale, count);
    for (let i = 0; i < count; i++) await step.step([batchTensors(next())], rate(i));
    const trained = await step.params();
    await step.dispose();
    return trained;
  };

  const diloco = async ({ workers, codec, lost }: Run): Promise<Trained> => {
    const sequences = batchSize / workers;
    const step = await stepsOf(sequences);
    const rate = schedule(scale, steps);
    const places = Array.from({ length: workers }, (_, worker) => newWorker(loaderOf(sequences, `worker ${worker}`)));
    const luck = createRandom("bench/lost");
    let state: OuterState = { weights: start, momentum: null };
    let bytes = 0;
    let files = 0;
    for (let cycle = 0; cycle < cycles; cycle++) {
      const arrived: FloatTensors[] = [];
      for (const place of places) {
        const moments = place.inner ?? beginning(fresh);
        await step.restore({ m: moments.m, v: moments.v, step: moments.step, params: state.weights });
        for (let i = 0; i < innerSteps; i++)
          await step.step([batchTensors(place.loader.next())], rate(cycle * innerSteps + i));
        place.inner = await step.state();
        if (luck.next() < lost) continue;
        const update = buildUpdate(new Map(Object.entries(state.weights)), new Map(Object.entries(place.inner.params)));
        const sent = await encodeUpdate(CODECS[codec], update, CODECS[codec].feedback ? place.feedback : undefined);
        bytes += sent.bytes.length;
        files++;
        arrived.push(decode(codec, sent, update));
      }
      if (arrived.length === 0) continue;
      const contributions = arrived.map((tensors) => ({ tensors, share: 1 / arrived.length }));
      state = outerStep(state, contributions, outer);
    }
    await step.dispose();
    return { trained: state.weights, bytes, files };
  };

  const start = await dataParallel(fresh, scale.pretrainingSteps, "pretraining");
  const parameters = countParameters(parameterShapes(model));
  const dataParallelBytes = (workers: number) => workers * steps * 4 * parameters;
  return {
    startLoss: await lossOf(start),
    dataParallelBytes,
    async train(run) {
      const begun = performance.now();
      const { trained, bytes, files } =
        run.kind === "diloco"
          ? await diloco(run)
          : {
              trained: await dataParallel(start, steps, "together"),
              bytes: dataParallelBytes(run.workers),
              files: run.workers * cycles,
            };
      const loss = await lossOf(trained);
      const bytesPerCycle = files === 0 ? 0 : bytes / files;
      return { run, loss, bytes, bytesPerCycle, seconds: (performance.now() - begun) / 1000 };
    },
    dispose: () => meter.dispose(),
  };
};

interface Trained {
  readonly trained: Parameters;
  readonly bytes: number;
  /** Updates that arrived. */
  readonly files: number;
}

const schedule = ({ learningRate }: Scale, steps: number) =>
  cosineWithWarmup({
    peak: learningRate,
    warmupSteps: Math.ceil(steps / 20),
    totalSteps: steps,
    floor: learningRate / 10,
  });

/** Forward, backward and AdamW of the whole model on so many sequences. */
const compileStep = (device: Device, { model, sequenceLength }: Scale, params: Parameters, sequences: number) => {
  const shape = { config: model, held: allExperts(model), batchSize: sequences, sequenceLength };
  return createTrainStep({
    device,
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params,
    trainable: Object.keys(params).sort(),
  });
};

/** AdamW's state before the first step. */
const beginning = (params: Parameters): Pick<TrainState, "m" | "v" | "step"> => {
  const nothing = mapValues(params, ({ shape }) => zeros(shape));
  return { m: nothing, v: nothing, step: 0 };
};

interface Worker {
  readonly loader: ReturnType<typeof groupTrainingLoader>;
  readonly feedback: Feedback;
  inner: TrainState | null;
}

const newWorker = (loader: Worker["loader"]): Worker => {
  const left = new Map<string, Float32Array>();
  return {
    loader,
    inner: null,
    feedback: {
      carried: async (name) => left.get(name) ?? null,
      keep: async (name, values) => void left.set(name, values),
    },
  };
};

/** What a validator reads of the file. */
const decode = (codec: CodecName, { bytes }: TensorBlob, update: FloatTensors): FloatTensors => {
  const { tensors } = parseSafetensors(bytes);
  return new Map(
    [...update].map(([name, { shape }]) => {
      const data = decodeTensor(CODECS[codec], name, shape, tensors);
      if (isFault(data)) throw new TypeError(`${name}: ${data.problem}`);
      return [name, { shape, data }];
    }),
  );
};
