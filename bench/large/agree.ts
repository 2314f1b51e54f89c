import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type TrainedTensor, trainedTensors, writeShard } from "#miner/own-trainer/shard-folder.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import type { Device } from "#shared/engine/device.js";
import { intTensor, sizeOf, zeros } from "#shared/engine/tensor.js";
import { DRAWN_GROUP } from "#shared/planning/drawn-network.js";
import { layeredShard } from "#shared/shard-training/shard-layers.js";
import { shardStep } from "#shared/shard-training/shard-trainer.js";
import { fromFloats } from "#shared/tensor-files/float32.js";
import { writeSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";
import { mapValues } from "#shared/training/objective.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { watchPeaks } from "./anonymous-memory.js";
import { type Computed, type Difference, differenceOf, isRounding } from "./difference.js";
import { drawnWindow } from "./drawn-window.js";
import { type GeneratedShard, generateShard, openFrom, openStored, type ShardSize } from "./generated-shard.js";

export interface AgreeCase extends ShardSize {
  /** Where model, shard and gradients are written to, and removed from. */
  readonly folder: string;
  /** Whether ours are held to what the peer computes in float64, and not to its float32. */
  readonly exact?: boolean;
}

export interface SlopesRequest {
  /** A shard as `from_pretrained` reads it. */
  readonly folder: string;
  readonly ids: readonly number[];
  readonly targets: readonly number[];
  /** Of weights and products, in float64 of the rotary embedding's angles, too. */
  readonly precision: "float32" | "float64";
  /** A safetensors file to write: the gradient of the mean loss by each expert's tensor, in float32, by its name in the shard. */
  readonly out: string;
}

export interface Slopes {
  /** Mean over the targets, in nats. */
  readonly loss: number;
  /** Of forward and backward pass. */
  readonly seconds: number;
  /** Bytes of memory at the peak, mapped files included; 0 where nobody tells. */
  readonly peak: number;
  /** By how much less likely an expert was that was just not chosen than the last that was, where that was closest; 1 where all are chosen. */
  readonly closest: number;
}

/** Another implementation of the same model. */
export interface SlopesPeer {
  readonly name: string;
  slopes(request: SlopesRequest): Promise<Slopes>;
  close(): void;
}

export interface Agreement {
  readonly ours: Omit<Slopes, "closest">;
  readonly theirs: Slopes;
  /** What the peer computes in float64, and how far its float32 is from it. */
  readonly exact?: Slopes & { readonly theirs: Difference };
  /** Of ours from the exact one, or from theirs. */
  readonly difference: Difference;
  /** Tensors whose gradients were compared, and their elements. */
  readonly tensors: number;
  readonly elements: number;
  readonly agrees: boolean;
}

/**
 * One step of a group of a generated model as a miner computes it layer by layer, beside the same shard in another implementation, which reads it
 * from the folder that an operator's own program would get. Closes the peer.
 *
 * @throws BlockZeroError USAGE, and what the peer throws
 */
export const agreeLarge = async (
  device: Device,
  peer: SlopesPeer,
  { folder, exact: wantsExact = false, ...size }: AgreeCase,
): Promise<Agreement> => {
  const home = await mkdtemp(join(folder, "blockzero-large-"));
  try {
    const store = directoryStore(join(home, "blobs"));
    const shard = await generateShard(store, home, size);
    const hub = await openStored(shard.hub, openFrom(store));
    const own = await openStored(shard.own, openFrom(store));
    const window = drawnWindow(0, size.sequence, size.model);
    const fileOf = (name: string) => join(home, `${name}.safetensors`);
    try {
      const copy = join(home, "shard");
      await writeShard(copy, shard.network, DRAWN_GROUP, { hub, own, frozen: undefined });
      const request = {
        folder: copy,
        ids: Array.from(window.ids, Number),
        targets: Array.from(window.targets, Number),
      };
      const asked = async (precision: SlopesRequest["precision"]) => {
        const file = fileOf(precision);
        return { file, ...(await peer.slopes({ ...request, precision, out: file })) };
      };
      // First, and in a process of its own: both at once would be in memory together.
      const theirs = await asked("float32");
      const exact = wantsExact ? await asked("float64") : undefined;
      peer.close();
      const trained = trainedTensors(shard.network, DRAWN_GROUP);
      const ours = await ourSlopes(device, shard, { hub, own, window, trained, file: fileOf("ours") });
      const difference = await differenceOf(trained, ours, exact ?? theirs);
      return {
        ours,
        theirs,
        ...(exact && { exact: { ...exact, theirs: await differenceOf(trained, theirs, exact) } }),
        difference,
        tensors: trained.length,
        elements: trained.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
        agrees: isRounding(difference),
      };
    } finally {
      await own.close();
      await hub.close();
    }
  } finally {
    peer.close();
    await rm(home, { recursive: true, force: true });
  }
};

type Weights = Awaited<ReturnType<typeof openStored>>;

interface OurStep {
  readonly hub: Weights;
  readonly own: Weights;
  readonly window: ReturnType<typeof drawnWindow>;
  readonly trained: readonly TrainedTensor[];
  readonly file: string;
}

const ourSlopes = async (
  device: Device,
  { network, config }: GeneratedShard,
  { hub, own, window, trained, file: path }: OurStep,
): Promise<Agreement["ours"] & Computed> => {
  const inShard = new Map(trained.map(({ name, file }) => [name, file.tensor]));
  const specs = new Map(trained.map(({ shape, file }) => [file.tensor, { dtype: "F32", shape }] as const));
  // Transformers has the gradients of the loss alone.
  const alone = { ...config, training: { ...config.training, affinity: 0 } };
  const { result, peaks } = await watchPeaks(async () => {
    const step = await createTrainStep({
      ...shardStep(network, DRAWN_GROUP, alone),
      device,
      params: mapValues(own.shapes, zeros),
      trainable: Object.keys(own.shapes).sort(),
      layered: layeredShard(network, DRAWN_GROUP, alone, hub),
      clip: null,
    });
    try {
      await step.begin(own);
      const begun = performance.now();
      const { loss } = await step.step([{ ids: intTensor(window.ids), targets: intTensor(window.targets) }], 0);
      const seconds = (performance.now() - begun) / 1000;
      await writeSafetensorsFile(path, specs, { isTemporary: true }, async (file) => {
        // After one step the first moment is the gradient.
        for await (const { part, name, tensor } of step.tensors())
          if (part === "m") await file.write(inShard.get(name)!, fromFloats(tensor).data);
      });
      return { loss, seconds };
    } finally {
      await step.dispose();
    }
  });
  return { ...result, peak: peaks.anonymous, file: path };
};
