import { join } from "node:path";
import type { Log } from "./log.js";
import { jsonlMetrics, type MetricsSink, tee } from "./metrics.js";
import { METRICS_FILE } from "./metrics-file.js";
import { wandbMode, wandbTags, wandbVariable } from "./wandb/environment.js";
import { wandbMetrics } from "./wandb/metrics-sink.js";
import { wandbRuns } from "./wandb/run-folders.js";

export interface MetricsConfig {
  readonly checkpoint_dir: string;
  /** What a dry run measures is kept apart: it must not be taken for what was done. */
  readonly dry_run?: boolean;
  readonly wandb: boolean;
  readonly wandb_project?: string | undefined;
  readonly wandb_entity?: string | undefined;
  readonly netuid: number;
  readonly expert_group?: string;
  readonly wallet: { readonly name: string; readonly hotkey: string };
}

export interface MetricsOptions {
  readonly role: string;
  readonly log: Log;
  /** Weights & Biases' own variables; a setting goes before one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * JSON lines always, Weights & Biases as well when asked for and not switched off by a variable of its own: one run a hotkey, which a restart
 * goes on with.
 *
 * @throws BlockZeroError WANDB_API_KEY_MISSING, METRICS_UNWRITABLE, CONFIG_INVALID_VALUE
 */
export const openMetrics = (config: MetricsConfig, { role, log, env = process.env }: MetricsOptions): MetricsSink => {
  const { checkpoint_dir, netuid, wallet, expert_group } = config;
  const folder = config.dry_run === true ? join(checkpoint_dir, "dry-run") : checkpoint_dir;
  const file = join(folder, METRICS_FILE);
  const whose = { role, netuid, wallet: `${wallet.name}/${wallet.hotkey}` };
  const { mode, because } = config.wandb ? wandbMode(env) : { mode: "disabled", because: undefined };
  if (because !== undefined && mode === "disabled")
    log.info("nothing is sent to Weights & Biases", { because, metrics: file });
  if (mode === "disabled") return jsonlMetrics(file, { log, whose });
  const run = join(wandbRuns(folder), folderName(`${role}-${netuid}-${wallet.name}-${wallet.hotkey}`));
  if (mode === "offline")
    log.info("metrics are kept for Weights & Biases, and sent by `blockzero wandb sync`", { because, folder: run });
  const wandb = wandbMetrics({
    folder: run,
    project: config.wandb_project ?? wandbVariable(env, "WANDB_PROJECT") ?? `blockzero-${role}`,
    entity: config.wandb_entity ?? wandbVariable(env, "WANDB_ENTITY"),
    name: wandbVariable(env, "WANDB_NAME") ?? `${role} ${wallet.hotkey}`,
    group: wandbVariable(env, "WANDB_RUN_GROUP") ?? `subnet ${netuid}`,
    jobType: wandbVariable(env, "WANDB_JOB_TYPE") ?? role,
    notes: wandbVariable(env, "WANDB_NOTES"),
    tags: [...new Set([role, ...(expert_group === undefined ? [] : [expert_group]), ...wandbTags(env)])],
    config: { ...config, role },
    isOffline: mode === "offline",
    log,
    env,
  });
  return tee(jsonlMetrics(file, { log, whose }), wandb);
};

const folderName = (text: string): string => text.replace(/[^\w.-]/g, "_").slice(0, 200);
