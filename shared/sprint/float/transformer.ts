import type { Device, DeviceTensor } from "#shared/engine/device.js";
import { floatTensor, intTensor, type Tensor } from "#shared/engine/tensor.js";
import { type FloatDials, matricesOf } from "./dials.js";
import { tokensOf, writeVectors } from "./inputs.js";
import { buildTransformer } from "./network.js";
import { deviationOf, drawNormals } from "./weights.js";

/** Nonces of a run. */
export const BATCH = 64;

/** A Sprint's transformer with its weights, ready to run. */
export interface SprintTransformer {
  readonly dials: FloatDials;
  /** Outputs, one Float32Array(width) a nonce, in the nonces' order. */
  outputs(node: string, nonces: readonly number[]): Promise<Float32Array[]>;
  /** Nonces that are computed together. */
  readonly batch: number;
  /** Frees its memory. No call may be in progress or follow. */
  dispose(): Promise<void>;
}

export interface TransformerOptions {
  readonly dials: FloatDials;
  /** Of the network, 64 hex digits. */
  readonly seed: string;
  readonly device: Device;
  /** Told after each matrix, so that loading can be timed. */
  readonly onTensor?: (done: number, of: number) => void;
  /** Ends the loading with its reason. */
  readonly signal?: AbortSignal;
}

/** Draws a transformer's weights matrix by matrix onto a device. @throws BlockZeroError GRAPH_COMPILE; the signal's reason */
export const openTransformer = async (options: TransformerOptions): Promise<SprintTransformer> => {
  const { dials, seed, device, onTensor, signal } = options;
  const { graph, outputs } = buildTransformer(dials, BATCH);
  const program = await device.compile(graph, outputs);
  const held: Record<string, DeviceTensor> = {};
  const dispose = async () => {
    for (const tensor of Object.values(held)) tensor.dispose();
    await program.dispose();
  };
  try {
    const matrices = matricesOf(dials);
    for (const [matrix, [name, shape]] of matrices.entries()) {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      drawNormals(seed, { matrix, from: 0, deviation: deviationOf(dials) }, data);
      held[name] = await device.upload(floatTensor(data, shape));
      onTensor?.(matrix + 1, matrices.length);
      await new Promise<void>((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
  } catch (thrown) {
    await dispose();
    throw thrown;
  }

  return {
    dials,
    batch: BATCH,
    outputs: async (node, nonces) => {
      const made: Float32Array[] = [];
      for (let begin = 0; begin < nonces.length; begin += BATCH) {
        const some = nonces.slice(begin, begin + BATCH);
        const { y } = await program.run({ ...held, x: inputOf(dials, node, some) });
        const values = y!.data as Float32Array;
        for (let i = 0; i < some.length; i++) made.push(values.slice(i * dials.width, (i + 1) * dials.width));
      }
      return made;
    },
    dispose,
  };
};

/** The inputs of a batch; places without a nonce are zeros. */
const inputOf = (dials: FloatDials, node: string, nonces: readonly number[]): Tensor => {
  const { sequence, width, vocabulary } = dials;
  if (vocabulary !== null) {
    const ids = nonces.flatMap((nonce) => tokensOf(node, nonce, dials, vocabulary));
    return intTensor([...ids, ...new Array(BATCH * sequence - ids.length).fill(0)], [BATCH * sequence]);
  }
  const size = sequence * width;
  const data = new Float32Array(BATCH * size);
  for (const [i, nonce] of nonces.entries()) writeVectors(node, nonce, data.subarray(i * size, (i + 1) * size));
  return floatTensor(data, [BATCH * sequence, width]);
};
