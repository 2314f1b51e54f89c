/** What the training of an expert group depends on, and what it costs a machine; `miner/config.ts` says what each setting means. */
export interface ShardSettings {
  readonly data_path?: string | undefined;
  readonly data_weight: number;
  readonly pack_shards: number;
  readonly batch_size: number;
  readonly gradient_accumulation_steps: number;
  readonly training: { readonly program: "auto" | "whole" | "layers"; readonly affinity: number };
  readonly learning_rate: number;
  readonly warmup_steps: number;
  readonly max_steps: number;
  readonly weight_decay: number;
  readonly threads: number;
  readonly workers: number;
  readonly spike_threshold: number;
  readonly seed: number;
  readonly checkpoint_keep_top_k: number;
}

/** What these are where nobody says otherwise; the rest belongs to a machine. */
export const SHARD_DEFAULTS = {
  data_weight: 0.5,
  pack_shards: 32,
  batch_size: 4,
  gradient_accumulation_steps: 4,
  training: { program: "auto", affinity: 0.1 },
  learning_rate: 3e-5,
  warmup_steps: 100,
  max_steps: 500,
  weight_decay: 0.1,
  workers: 1,
  spike_threshold: 6,
  seed: 42,
} as const satisfies Partial<ShardSettings>;
