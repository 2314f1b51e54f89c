import type { Requirements } from "#shared/doctor/examined.js";
import type { Network } from "#shared/protocol/network.js";
import type { TrainingConfig } from "../config.js";
import { planTraining } from "./plan.js";

/** Subtensor's; memory and disk do not depend on it. */
const BLOCK_SECONDS = 12;

/** What training a group takes of the machine, with all its workers. */
export const requirementsOf = async (config: TrainingConfig, network: Network): Promise<Requirements> => {
  const { memory, disk, workers } = await planTraining(config, network, { blockSeconds: BLOCK_SECONDS });
  return { memory: memory.total * workers, disk: disk.total };
};
