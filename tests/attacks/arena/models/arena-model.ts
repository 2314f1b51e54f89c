import type { TrainingConfig } from "#miner/config.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";

export const MODEL_NAMES = ["micro", "localnet"] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

export type NetworkTemplate = Omit<Network, "genesis">;

/** A model that attacks are tried on: its network, its model of cycle 0, and how its miners train. */
export interface ArenaModel {
  readonly name: ModelName;
  /** Its groups are `math`, which is attacked, and others. */
  readonly network: NetworkTemplate;
  readonly training: Inner;
  /**
   * The model of cycle 0; the same for the same seed on the same kind of processor.
   *
   * @param stage how far it is trained, as a share of what it usually is; 1 unless given
   */
  genesis(seed: string, stage?: number): Promise<Parameters>;
}

/** What an honest miner's training takes; settings of the miner's program. */
export type Inner = Pick<
  TrainingConfig,
  "batch_size" | "gradient_accumulation_steps" | "learning_rate" | "warmup_steps" | "max_steps"
>;
