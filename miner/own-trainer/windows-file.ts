import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { TrainingLoader } from "#shared/data/loader.js";
import { createSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";

export interface Windows {
  /** Rows of the file. */
  readonly count: number;
  /** Rows that the loader gives at a time; it divides `count`. */
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** Whether tokens see their own document alone. */
  readonly isolated: boolean;
  /** Asked between batches; true leaves the file unwritten. */
  readonly stop: () => boolean;
}

/**
 * Writes training windows in the order of the miner's stream: `ids` and `targets`, int32 [count, sequence length], and of isolated documents `starts`.
 * A target of −1 does not count. Says whether the file was written.
 *
 * @throws BlockZeroError FILE_UNWRITABLE, and what the loader throws
 */
export const writeWindows = async (path: string, loader: TrainingLoader, windows: Windows): Promise<boolean> => {
  const { count, batchSize, sequenceLength, isolated, stop } = windows;
  const names = isolated ? (["ids", "targets", "starts"] as const) : (["ids", "targets"] as const);
  const spec = { dtype: "I32", shape: [count, sequenceLength] } as const;
  const file = await createSafetensorsFile(path, new Map(names.map((name) => [name, spec])), { mode: 0o600 });
  try {
    for (let row = 0; row < count; row += batchSize) {
      if (stop()) return false;
      const batch = loader.next();
      for (const name of names) {
        const values = Int32Array.from(batch[name]!, Number);
        await file.write(name, new Uint8Array(values.buffer), 4 * row * sequenceLength);
      }
      await yieldToEvents();
    }
    await file.finish();
    return true;
  } finally {
    await file.discard();
  }
};
