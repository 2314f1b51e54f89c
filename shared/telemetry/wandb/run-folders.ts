import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readRun } from "./run-journal.js";

/** The folder of the runs' journals below a program's checkpoints. */
export const wandbRuns = (checkpointDir: string): string => join(checkpointDir, "wandb");

/** Folders of the runs below a program's checkpoints. */
export const runFolders = (checkpointDir: string): readonly string[] => {
  const runs = wandbRuns(checkpointDir);
  try {
    return readdirSync(runs)
      .map((name) => join(runs, name))
      .filter((folder) => readRun(folder) !== null)
      .sort();
  } catch {
    return [];
  }
};
