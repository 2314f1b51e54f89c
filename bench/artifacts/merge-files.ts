import { fromFloats, toFloats } from "#shared/artifact/float32.js";
import { openSafetensorsFile } from "#shared/artifact/safetensors-file.js";
import { createSafetensorsFile } from "#shared/artifact/safetensors-writer.js";
import { mergeDeltas } from "#shared/scoring/merge.js";

/**
 * Files of float32 updates → the file of their weighted mean. Two sets of tensors are in memory: one is read while the other is merged.
 *
 * @param paths files of the same tensors, in ascending order of artifact hash
 */
export const mergeFiles = async (paths: readonly string[], shares: readonly number[], into: string): Promise<void> => {
  const files = await Promise.all(paths.map((path) => openSafetensorsFile(path)));
  try {
    const { tensors } = files[0]!.header;
    const largest = Math.max(...[...tensors.values()].map(({ begin, end }) => end - begin));
    const buffers = () => files.map(() => new Uint8Array(largest));
    const spares = [buffers(), buffers()];
    const reading = async (name: string): Promise<readonly Float32Array[]> => {
      const set = spares.shift()!;
      spares.push(set);
      const { begin, end } = tensors.get(name)!;
      const parts = set.map((buffer) => buffer.subarray(0, end - begin));
      await Promise.all(files.map((file, i) => file.read(name, parts[i]!)));
      return parts.map((data) => toFloats({ data }));
    };
    const writer = await createSafetensorsFile(into, tensors);
    const names = [...tensors.keys()];
    let next = reading(names[0]!);
    for (const [i, name] of names.entries()) {
      const deltas = await next;
      if (i + 1 < names.length) next = reading(names[i + 1]!);
      const { shape } = tensors.get(name)!;
      await writer.write(name, fromFloats({ shape, data: mergeDeltas(deltas, shares) }).data);
    }
    await writer.finish();
  } finally {
    for (const file of files) await file.close();
  }
};
