/** Headings of `--help`, and the settings below each: by key, or by what stands before a key's dot. */
const HEADINGS: Readonly<Record<string, readonly string[]>> = {
  "Subnet:": ["chain_endpoint", "netuid", "network", "expert_group", "dry_run"],
  "Wallet:": ["wallet"],
  "Training:": [
    "batch_size",
    "gradient_accumulation_steps",
    "learning_rate",
    "warmup_steps",
    "max_steps",
    "weight_decay",
    "spike_threshold",
    "workers",
    "seed",
    "data_path",
    "data_weight",
    "pack_shards",
    "commit_anyway",
    "behaviour",
    "trainer",
  ],
  "Sprints:": ["compute"],
  "Machine:": ["device", "threads", "training", "evaluation", "evaluator"],
  "Files:": [
    "checkpoint_dir",
    "checkpoint_keep_top_k",
    "checkpoint_interval_seconds",
    "cache_gib",
    "receipts_keep",
    "store",
  ],
  "Serving files:": ["listen", "allow_private_addresses"],
  "Signing:": ["home", "token", "tls", "allow", "rates"],
  "Randomness:": ["drand"],
  "Logs and metrics:": ["log", "metrics", "wandb", "wandb_entity", "wandb_project"],
};

const headings = new Map(Object.entries(HEADINGS).flatMap(([heading, keys]) => keys.map((key) => [key, heading])));

/** The heading below which `--help` lists a setting; undefined where none names it. */
export const headingOf = (key: string): string | undefined => headings.get(key) ?? headings.get(key.split(".")[0]!);
