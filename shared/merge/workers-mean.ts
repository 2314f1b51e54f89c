import type { FloatTensor } from "#shared/tensor-files/float32.js";
import { openFloats } from "#shared/training/checkpoint-tensors.js";
import { mergeDeltas } from "./weighted-mean.js";

/**
 * DiLoCo's average over replicas that started from the same weights: each element is the mean of the replicas' updates. `delta / N` is
 * added in the order of the files in float64 and the sum is rounded once to float32 (`mergeDeltas`). Works tensor by tensor, so it needs
 * little memory.
 *
 * @param files updates as `writeFloats` wrote them, in ascending order of the replicas, at least one
 * @throws BlockZeroError SAFETENSORS_INVALID, FILE_UNREADABLE
 */
export const meanOfUpdates = async (files: readonly string[]): Promise<Map<string, FloatTensor>> => {
  const opened = await Promise.all(files.map(openFloats));
  try {
    const mean = new Map<string, FloatTensor>();
    const shares = opened.map(() => 1 / opened.length);
    for (const name of Object.keys(opened[0]?.shapes ?? {})) {
      const parts = await Promise.all(opened.map((file) => file.read(name)));
      mean.set(name, {
        shape: parts[0]!.shape,
        data: mergeDeltas(
          parts.map(({ data }) => data),
          shares,
        ),
      });
    }
    return mean;
  } finally {
    for (const file of opened) await file.close();
  }
};
