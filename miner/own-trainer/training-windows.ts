import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { TrainingLoader } from "#shared/data/loader.js";
import { createWindowsFile, type WindowsShape } from "#shared/own-program/windows-file.js";

export interface TrainingWindows extends WindowsShape {
  /** Rows that the loader gives at a time; it divides `count`. */
  readonly batchSize: number;
  /** Asked between batches; true leaves the file unwritten. */
  readonly stop: () => boolean;
}

/**
 * Writes training windows in the order of the miner's stream. Says whether the file was written.
 *
 * @throws BlockZeroError FILE_UNWRITABLE, and what the loader throws
 */
export const writeTrainingWindows = async (
  path: string,
  loader: TrainingLoader,
  { batchSize, stop, ...shape }: TrainingWindows,
): Promise<boolean> => {
  const file = await createWindowsFile(path, shape);
  try {
    for (let row = 0; row < shape.count; row += batchSize) {
      if (stop()) return false;
      await file.write(loader.next());
      await yieldToEvents();
    }
    await file.finish();
    return true;
  } finally {
    await file.discard();
  }
};
