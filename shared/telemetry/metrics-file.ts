/** In a checkpoint_dir, beside the homes, for all programs that share it: each line says whose it is. */
export const METRICS_FILE = "metrics.jsonl";
