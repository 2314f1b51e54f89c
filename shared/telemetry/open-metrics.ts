import { join } from "node:path";
import type { Log } from "./log.js";
import { jsonlMetrics, type MetricsSink, tee } from "./metrics.js";
import { wandbMetrics } from "./wandb.js";
import { wandbSwitchedOff, wandbVariable } from "./wandb-environment.js";

export interface MetricsConfig {
  readonly checkpoint_dir: string;
  readonly wandb: boolean;
  readonly wandb_project?: string | undefined;
  readonly wandb_entity?: string | undefined;
  readonly netuid: number;
  readonly wallet: { readonly name: string; readonly hotkey: string };
}

export interface MetricsOptions {
  readonly role: string;
  readonly log: Log;
  /** Weights & Biases' own variables; a setting goes before one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * JSON lines always, Weights & Biases as well when asked for and not switched off by a variable of its own.
 * @throws BlockZeroError WANDB_API_KEY_MISSING, METRICS_UNWRITABLE, CONFIG_INVALID_VALUE
 */
export const openMetrics = (config: MetricsConfig, { role, log, env = process.env }: MetricsOptions): MetricsSink => {
  const file = join(config.checkpoint_dir, "metrics.jsonl");
  const off = config.wandb ? wandbSwitchedOff(env) : undefined;
  if (off !== undefined) log.info("nothing is sent to Weights & Biases", { because: off, metrics: file });
  if (!config.wandb || off !== undefined) return jsonlMetrics(file, { log });
  const { netuid, wallet } = config;
  const wandb = wandbMetrics({
    project: config.wandb_project ?? wandbVariable(env, "WANDB_PROJECT") ?? `blockzero-${role}`,
    entity: config.wandb_entity ?? wandbVariable(env, "WANDB_ENTITY"),
    name: `${role} ${wallet.hotkey}`,
    config: { role, netuid },
    log,
    env,
  });
  return tee(jsonlMetrics(file, { log }), wandb);
};
