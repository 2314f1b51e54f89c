import { fileURLToPath } from "node:url";
import { PRETRAINING, TRAINING } from "#owner/localnet/training.js";
import { loadNetworkTemplate } from "#owner/network-template.js";
import { pretrain } from "#shared/training/pretrain.js";
import { device } from "../../../support/updates.js";
import type { ArenaModel } from "./arena-model.js";

const TEMPLATE = fileURLToPath(new URL("../../../../../configs/localnet/network.yaml", import.meta.url));

const network = { ...loadNetworkTemplate(TEMPLATE), first_cycle: 1 };

/** As `blockzero localnet` has it unless told otherwise. */
const GENESIS_STEPS = 250;

/** The localnet's model, groups, texts, genesis and inner training: 1.3 M parameters, 590,000 of them a group's. */
export const localnet: ArenaModel = {
  name: "localnet",
  network,
  training: TRAINING,
  genesis: (seed) =>
    pretrain({ network, device, seed, steps: GENESIS_STEPS, ...PRETRAINING, signal: new AbortController().signal }),
};
