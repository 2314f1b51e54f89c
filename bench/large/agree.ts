import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { trainedTensors, writeShard } from "#miner/own-trainer/shard-folder.js";
import { layeredShard } from "#miner/training/shard-layers.js";
import { shardStep } from "#miner/training/shard-trainer.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import type { Device } from "#shared/engine/device.js";
import { intTensor, sizeOf, zeros } from "#shared/engine/tensor.js";
import { DRAWN_GROUP } from "#shared/planning/drawn-network.js";
import { fromFloats, toFloats } from "#shared/tensor-files/float32.js";
import { openSafetensorsFile, type SafetensorsFile } from "#shared/tensor-files/safetensors-file.js";
import { writeSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";
import { mapValues, type Shapes } from "#shared/training/objective.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { watchPeaks } from "./anonymous-memory.js";
import { drawnWindow } from "./drawn-window.js";
import { type GeneratedShard, generateShard, openFrom, openStored, type ShardSize } from "./generated-shard.js";

/** Relative differences that float32's rounding explains: of the loss, and of a tensor's gradient by its norm. */
export const LOSS_TOLERANCE = 1e-5;
export const GRADIENT_TOLERANCE = 1e-4;

export interface AgreeCase extends ShardSize {
  /** Where model, shard and gradients are written to, and removed from. */
  readonly folder: string;
}

export interface SlopesRequest {
  /** A shard as `from_pretrained` reads it. */
  readonly folder: string;
  readonly ids: readonly number[];
  readonly targets: readonly number[];
  /** A safetensors file to write: the gradient of the mean loss by each expert's tensor, by its name in the shard. */
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
  /** Relative difference of the losses. */
  readonly lossDifference: number;
  /** Tensors whose gradients were compared, those that differ by more than rounding, and the elements of all. */
  readonly tensors: number;
  readonly beyond: readonly string[];
  readonly elements: number;
  /** The tensor that differs most, and by how much: the norm of the difference by that of the peer's gradient. */
  readonly worst: { readonly name: string; readonly difference: number };
  readonly agrees: boolean;
}

/**
 * One step of a group of a generated model as a miner computes it layer by layer, beside the same shard in another implementation, which reads it from the folder
 * that an operator's own program would get. Closes the peer.
 *
 * @throws BlockZeroError USAGE, and what the peer throws
 */
export const agreeLarge = async (
  device: Device,
  peer: SlopesPeer,
  { folder, ...size }: AgreeCase,
): Promise<Agreement> => {
  const home = await mkdtemp(join(folder, "blockzero-large-"));
  try {
    const store = directoryStore(join(home, "blobs"));
    const shard = await generateShard(store, home, size);
    const hub = await openStored(shard.hub, openFrom(store));
    const own = await openStored(shard.own, openFrom(store));
    const window = drawnWindow(0, size.sequence, size.model);
    const files = { ours: join(home, "ours.safetensors"), theirs: join(home, "theirs.safetensors") };
    try {
      const copy = join(home, "shard");
      await writeShard(copy, shard.network, DRAWN_GROUP, { hub, own, frozen: undefined });
      const numbers = { ids: Array.from(window.ids, Number), targets: Array.from(window.targets, Number) };
      // First, and in a process of its own: both at once would be in memory together.
      const theirs = await peer.slopes({ folder: copy, ...numbers, out: files.theirs });
      peer.close();
      const ours = await ourSlopes(device, shard, { hub, own, window, out: files.ours });
      const lossDifference = Math.abs(ours.loss - theirs.loss) / theirs.loss;
      const compared = await compare(shard, files);
      const agrees = lossDifference <= LOSS_TOLERANCE && compared.worst.difference <= GRADIENT_TOLERANCE;
      return { ours, theirs, lossDifference, ...compared, agrees };
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
  readonly out: string;
}

const ourSlopes = async (
  device: Device,
  { network, config }: GeneratedShard,
  { hub, own, window, out }: OurStep,
): Promise<Agreement["ours"]> => {
  const { result, peaks } = await watchPeaks(async () => {
    const step = await createTrainStep({
      ...shardStep(network, DRAWN_GROUP, config),
      device,
      params: mapValues(own.shapes, zeros),
      trainable: Object.keys(own.shapes).sort(),
      layered: layeredShard(network, DRAWN_GROUP, config, hub),
      clip: null,
    });
    try {
      await step.begin(own);
      const begun = performance.now();
      const { loss } = await step.step([{ ids: intTensor(window.ids), targets: intTensor(window.targets) }], 0);
      const seconds = (performance.now() - begun) / 1000;
      await writeSafetensorsFile(out, specsOf(own.shapes), { isTemporary: true }, async (file) => {
        // After one step the first moment is the gradient.
        for await (const { part, name, tensor } of step.tensors())
          if (part === "m") await file.write(name, fromFloats(tensor).data);
      });
      return { loss, seconds };
    } finally {
      await step.dispose();
    }
  });
  return { ...result, peak: peaks.anonymous };
};

const specsOf = (shapes: Shapes) =>
  new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype: "F32", shape }] as const));

/** Ours are named as in the whole model, theirs as in the shard's folder. */
const compare = async (
  { network }: GeneratedShard,
  files: { readonly ours: string; readonly theirs: string },
): Promise<Pick<Agreement, "tensors" | "beyond" | "elements" | "worst">> => {
  const ours = await openSafetensorsFile(files.ours);
  const theirs = await openSafetensorsFile(files.theirs);
  try {
    const trained = trainedTensors(network, DRAWN_GROUP);
    let worst = { name: "", difference: -1 };
    const beyond: string[] = [];
    let elements = 0;
    for (const { name, shape, file } of trained) {
      const size = sizeOf(shape);
      elements += size;
      const difference = relativeDifference(
        await floatsOf(ours, name, size),
        await floatsOf(theirs, file.tensor, size),
      );
      if (difference > GRADIENT_TOLERANCE) beyond.push(name);
      if (difference > worst.difference) worst = { name, difference };
    }
    return { tensors: trained.length, beyond, elements, worst };
  } finally {
    await ours.close();
    await theirs.close();
  }
};

const floatsOf = async (file: SafetensorsFile, name: string, size: number): Promise<Float32Array> => {
  const data = new Uint8Array(4 * size);
  await file.read(name, data);
  return toFloats({ data });
};

/** ‖a − b‖ / ‖b‖; 0 for two of zeros, and what is no number is as far off as can be. */
const relativeDifference = (a: Float32Array, b: Float32Array): number => {
  let squares = 0;
  let size = 0;
  for (let i = 0; i < a.length; i++) {
    squares += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  if (squares === 0) return 0;
  const difference = Math.sqrt(squares / size);
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
};
