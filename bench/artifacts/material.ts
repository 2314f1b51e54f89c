import { createRandom } from "#shared/data/random.js";
import { fromFloats } from "#shared/tensor-files/float32.js";
import type { TensorSpec } from "#shared/tensor-files/safetensors.js";
import { openSafetensorsFile } from "#shared/tensor-files/safetensors-file.js";
import { createSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";

/** Elements of a tensor, 4 MiB of float32. */
export const SIDE = 1024;
export const TENSOR_BYTES = 4 * SIDE * SIDE;

/** So many tensors of one size. */
export const specsOf = (count: number): ReadonlyMap<string, TensorSpec> =>
  new Map(Array.from({ length: count }, (_, i) => [`layers.${i}.weight`, { dtype: "F32", shape: [SIDE, SIDE] }]));

/** Writes a file of float32 tensors, each element uniform in ±0.001; no two tensors of it are alike. */
export const writeFloatsFile = async (path: string, count: number, seed: string): Promise<void> => {
  const specs = specsOf(count);
  const random = createRandom(seed);
  const data = Float32Array.from({ length: SIDE * SIDE }, () => (random.next() - 0.5) / 500);
  const writer = await createSafetensorsFile(path, specs);
  for (const name of specs.keys()) {
    data[random.below(data.length)] = 0.001;
    await writer.write(name, fromFloats({ shape: [SIDE, SIDE], data }).data);
  }
  await writer.finish();
};

/** Writes the tensors of one file to another, canonical, one in memory at a time. */
export const rewriteFile = async (from: string, to: string): Promise<void> => {
  const data = new Uint8Array(TENSOR_BYTES);
  const file = await openSafetensorsFile(from);
  try {
    const writer = await createSafetensorsFile(to, file.header.tensors);
    for (const name of file.header.tensors.keys()) {
      await file.read(name, data);
      await writer.write(name, data);
    }
    await writer.finish();
  } finally {
    await file.close();
  }
};

/** Reads every tensor of a file into the same memory. */
export const readFile = async (path: string): Promise<void> => {
  const data = new Uint8Array(TENSOR_BYTES);
  const file = await openSafetensorsFile(path);
  try {
    for (const [name, { begin, end }] of file.header.tensors) await file.read(name, data.subarray(0, end - begin));
  } finally {
    await file.close();
  }
};
