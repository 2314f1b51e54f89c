import { openFloats } from "#shared/training/checkpoint-tensors.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { mergeDeltas } from "./weighted-mean.js";

/**
 * DiLoCo's average over replicas that started from the same weights: each element is the mean of the replicas' updates. `delta / N` is
 * added in the order of the files in float64 and the sum is rounded once to float32 (`mergeDeltas`). A tensor is computed when it is read;
 * close it when all are.
 *
 * @param files updates as `writeFloats` wrote them, in ascending order of the replicas, at least one
 * @throws BlockZeroError SAFETENSORS_INVALID, FILE_UNREADABLE
 */
export const meanOfUpdates = async (files: readonly string[]): Promise<FloatSource & { close(): Promise<void> }> => {
  const opened = await Promise.all(files.map(openFloats));
  const shares = opened.map(() => 1 / opened.length);
  return {
    shapes: opened[0]!.shapes,
    async read(name) {
      const parts = await Promise.all(opened.map((file) => file.read(name)));
      const data = mergeDeltas(
        parts.map(({ data }) => data),
        shares,
      );
      return { ...parts[0]!, data };
    },
    async close() {
      for (const file of opened) await file.close();
    },
  };
};
