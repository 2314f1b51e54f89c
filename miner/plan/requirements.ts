import type { Requirements } from "#shared/doctor/examined.js";
import type { Network } from "#shared/protocol/network.js";
import { SUBTENSOR_BLOCK_SECONDS } from "#shared/protocol/subtensor-pace.js";
import type { TrainingConfig } from "../config.js";
import { planTraining } from "./plan.js";

/** What training a group takes of the machine, with all its workers; what lies on a card is not the machine's. */
export const requirementsOf = async (config: TrainingConfig, network: Network): Promise<Requirements> => {
  // Memory and disk do not depend on the pace.
  const { anonymous, disk, workers } = await planTraining(config, network, { blockSeconds: SUBTENSOR_BLOCK_SECONDS });
  return { memory: anonymous * workers, disk: disk.total };
};
