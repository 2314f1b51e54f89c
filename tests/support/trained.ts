import type { Training } from "#shared/shard-training/trainer.js";
import { readAll } from "#shared/training/float-source.js";

/** What a training came to, its update read into memory. */
export const trained = async (training: Promise<Training>) => {
  const { run, update } = await training;
  return { run, update: new Map(Object.entries(await readAll(update))) };
};
