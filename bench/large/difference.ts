import type { TrainedTensor } from "#miner/own-trainer/shard-folder.js";
import { sizeOf } from "#shared/engine/tensor.js";
import { toFloats } from "#shared/tensor-files/float32.js";
import { openSafetensorsFile, type SafetensorsFile } from "#shared/tensor-files/safetensors-file.js";

/** Relative differences that float32's rounding explains: of the loss, and of a tensor's gradient by its norm. */
export const LOSS_TOLERANCE = 1e-5;
export const GRADIENT_TOLERANCE = 1e-4;

/** One computation of loss and gradients. */
export interface Computed {
  /** In nats. */
  readonly loss: number;
  /** A safetensors file with the gradient by each tensor, in float32, by the tensor's name in a shard's folder. */
  readonly file: string;
}

/** Of one computation from the one that it is held to. */
export interface Difference {
  /** Of the losses, relative. */
  readonly loss: number;
  /** The tensor whose gradient differs most, and by how much: the norm of the difference by that of the gradient that it is held to. */
  readonly worst: { readonly name: string; readonly difference: number };
  /** Tensors whose gradients differ by more than rounding. */
  readonly beyond: readonly string[];
}

/** Whether rounding explains it. */
export const isRounding = ({ loss, worst }: Difference): boolean =>
  loss <= LOSS_TOLERANCE && worst.difference <= GRADIENT_TOLERANCE;

/** How far a computation is from another. Tensors are named as in the whole model. @throws BlockZeroError what reading the files throws */
export const differenceOf = async (
  trained: readonly TrainedTensor[],
  computed: Computed,
  held: Computed,
): Promise<Difference> => {
  const gradients = await openSafetensorsFile(computed.file);
  const heldTo = await openSafetensorsFile(held.file);
  try {
    let worst = { name: "", difference: -1 };
    const beyond: string[] = [];
    for (const { name, shape, file } of trained) {
      const [one, other] = [gradients, heldTo].map((from) => floatsOf(from, file.tensor, sizeOf(shape)));
      const difference = relativeDifference(await one!, await other!);
      if (difference > GRADIENT_TOLERANCE) beyond.push(name);
      if (difference > worst.difference) worst = { name, difference };
    }
    return { loss: Math.abs(computed.loss - held.loss) / held.loss, worst, beyond };
  } finally {
    await gradients.close();
    await heldTo.close();
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
