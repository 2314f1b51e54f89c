import type { Batch } from "#shared/data/loader.js";
import { createSafetensorsFile, type SafetensorsWriter } from "#shared/tensor-files/safetensors-writer.js";

export interface WindowsShape {
  /** Rows of the file. */
  readonly count: number;
  readonly sequenceLength: number;
  /** Whether tokens see their own document alone. */
  readonly isolated: boolean;
}

const namesOf = (isolated: boolean) =>
  isolated ? (["ids", "targets", "starts"] as const) : (["ids", "targets"] as const);

/** Bytes of a file of token windows, its header left out. */
export const windowsBytes = ({ count, sequenceLength, isolated }: WindowsShape): number =>
  count * sequenceLength * Int32Array.BYTES_PER_ELEMENT * namesOf(isolated).length;

/** A file of token windows that is being written for a program, batch by batch. */
export interface WindowsFile extends Pick<SafetensorsWriter, "finish" | "discard"> {
  /** The next rows. @throws BlockZeroError FILE_UNWRITABLE */
  write(batch: Batch): Promise<void>;
}

/**
 * Begins a safetensors file of `ids` and `targets`, int32 [count, sequence length], and of isolated documents `starts`. A target of −1 does not
 * count.
 *
 * @throws BlockZeroError FILE_UNWRITABLE
 */
export const createWindowsFile = async (path: string, shape: WindowsShape): Promise<WindowsFile> => {
  const { count, sequenceLength, isolated } = shape;
  const names = namesOf(isolated);
  const spec = { dtype: "I32", shape: [count, sequenceLength] } as const;
  const file = await createSafetensorsFile(path, new Map(names.map((name) => [name, spec])), { mode: 0o600 });
  let offset = 0;
  return {
    async write(batch) {
      for (const name of names)
        await file.write(name, new Uint8Array(Int32Array.from(batch[name]!, Number).buffer), offset);
      offset += batch.ids.length * Int32Array.BYTES_PER_ELEMENT;
    },
    finish: file.finish,
    discard: file.discard,
  };
};
