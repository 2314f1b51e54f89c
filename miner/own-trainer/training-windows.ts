import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { TrainingLoader } from "#shared/data/loader.js";
import { createWindowsFile, type WindowsShape } from "#shared/own-program/windows-file.js";
import type { Network } from "#shared/protocol/network.js";
import type { TrainingConfig } from "../config.js";

export interface TrainingWindows extends WindowsShape {
  /** Rows that the loader gives at a time; it divides `count`. */
  readonly batchSize: number;
  /** Asked between batches; true leaves the file unwritten. */
  readonly stop: () => boolean;
}

/** The text that a program of so many steps is given. */
export const windowsShape = (
  {
    batch_size,
    gradient_accumulation_steps,
    max_steps,
  }: Pick<TrainingConfig, "batch_size" | "gradient_accumulation_steps" | "max_steps">,
  { data: { sequence_length: sequenceLength, sequences } }: Pick<Network, "data">,
  maxSteps = max_steps,
): WindowsShape => ({
  count: maxSteps * gradient_accumulation_steps * batch_size,
  sequenceLength,
  isolated: sequences === "isolated",
});

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
