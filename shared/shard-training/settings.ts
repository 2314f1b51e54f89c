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
