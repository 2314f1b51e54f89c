import { join } from "node:path";
import type { Log } from "./log.js";
import { jsonlMetrics, type MetricsSink, tee } from "./metrics.js";
import { wandbMetrics } from "./wandb.js";

export interface MetricsConfig {
  readonly checkpoint_dir: string;
  readonly wandb: boolean;
  readonly wandb_project: string;
  readonly netuid: number;
  readonly wallet: { readonly name: string; readonly hotkey: string };
}

/** JSON lines always, Weights & Biases as well when asked for. @throws WANDB_API_KEY_MISSING, METRICS_UNWRITABLE */
export const openMetrics = (config: MetricsConfig, { role, log }: { role: string; log: Log }): MetricsSink => {
  const { netuid, wallet } = config;
  const wandb = config.wandb
    ? [wandbMetrics({ project: config.wandb_project, name: `${role} ${wallet.hotkey}`, config: { role, netuid }, log })]
    : [];
  return tee(jsonlMetrics(join(config.checkpoint_dir, "metrics.jsonl"), { log }), ...wandb);
};
