import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { packageInfo } from "#shared/cli/package-info.js";
import { ADAMW_DEFAULTS } from "#shared/engine/optim/adamw.js";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import { CONFIG_FILE } from "#shared/model/checkpoint-layout.js";
import { writeDocument } from "#shared/own-program/job-folder.js";
import { sha256 } from "#shared/protocol/hash.js";
import { type RunPlace, streamSeed } from "#shared/shard-training/run-identity.js";
import { hasRouters } from "./job-routers.js";
import { shardModel, trainedTensors } from "./shard-folder.js";

/** Version of the contract in docs/own-trainer.md. It changes when a program that followed it no longer does. */
export const CONTRACT_VERSION = 1;

/** Files and folders of a job, as the contract names them. The shard lies beside it and stays from cycle to cycle, with a record of what it is of. */
export const jobPaths = (dir: string) => ({
  dir,
  document: join(dir, "job.json"),
  shard: join(dir, "..", "shard"),
  shardRecord: join(dir, "..", "shard.json"),
  windows: join(dir, "windows.safetensors"),
  routers: join(dir, "routers.safetensors"),
  output: join(dir, "output"),
});

export type JobPaths = ReturnType<typeof jobPaths>;

export interface JobOptions {
  readonly place: RunPlace;
  readonly cycle: number;
  /** Hash of the model that the shard is of. */
  readonly model: string;
  /** Identity of this training: a job of the same one is resumed. */
  readonly run: string;
  readonly isResumed: boolean;
  readonly maxSteps: number;
  /** Rows of the file of windows. */
  readonly windows: number;
  /** When SIGTERM is expected, milliseconds since the epoch; null while nobody knows. */
  readonly deadline: number | null;
  readonly graceMs: number;
  /** The folder that the program keeps from cycle to cycle. */
  readonly state: string;
}

/** Global norm that gradients are clipped to by the built-in trainer. */
const CLIP = 1;

/** Writes `job.json`. It is written last: where it is, shard, windows and routers are whole. */
export const writeJob = (paths: JobPaths, options: JobOptions): Promise<void> =>
  writeDocument(paths.document, jobDocument(paths, options));

const jobDocument = (paths: JobPaths, options: JobOptions): object => {
  const { place, cycle, model, run, isResumed, maxSteps, windows, deadline, graceMs, state } = options;
  const { network, group, config } = place;
  const { held } = shardModel(network, group);
  const { beta1, beta2, eps } = ADAMW_DEFAULTS;
  return {
    contract: CONTRACT_VERSION,
    blockzero: packageInfo.version,
    network: network.name,
    group,
    cycle,
    model,
    run,
    resumed: isResumed,
    seed: sha256(Buffer.from(`blockzero trainer ${streamSeed(place, cycle)}`)),
    deadline,
    grace_seconds: graceMs / 1000,
    paths: {
      shard: paths.shard,
      windows: paths.windows,
      routers: hasRouters(place) ? paths.routers : null,
      output: paths.output,
      state,
    },
    windows: {
      count: windows,
      sequence_length: network.data.sequence_length,
      isolated: network.data.sequences === "isolated",
    },
    settings: {
      batch_size: config.batch_size,
      gradient_accumulation_steps: config.gradient_accumulation_steps,
      learning_rate: config.learning_rate,
      warmup_steps: Math.min(config.warmup_steps, config.max_steps),
      max_steps: maxSteps,
      schedule_steps: config.max_steps,
      weight_decay: config.weight_decay,
      beta1,
      beta2,
      eps,
      clip: CLIP,
      affinity: config.training.affinity,
      spike_threshold: config.spike_threshold,
      threads: config.threads,
    },
    shard: { mode: network.model.shard?.mode ?? "restricted", experts: held },
    trained: trainedTensors(network, group),
  };
};

const runSchema = z.object({
  contract: z.literal(CONTRACT_VERSION),
  run: z.string(),
  paths: z.object({ routers: z.string().nullable() }),
});

/** Identity of the training that a folder's job is for; null where it holds no whole job, or where shard, windows or routers are gone. */
export const runOfJob = ({ document, shard, windows, routers }: JobPaths): string | null => {
  const isThere = existsSync(join(shard, CONFIG_FILE)) && existsSync(windows);
  const text = isThere ? readFileIfAny(document) : null;
  if (text === null) return null;
  try {
    const { run, paths } = runSchema.parse(JSON.parse(text));
    return paths.routers === null || existsSync(routers) ? run : null;
  } catch {
    return null;
  }
};
