import { fileURLToPath } from "node:url";
import { PRETRAINING, TRAINING } from "#localnet/training.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { pretrain } from "#shared/training/pretrain.js";
import { PHASES } from "../../../support/micro-network.js";
import { device } from "../../../support/updates.js";
import type { ArenaModel } from "./arena-model.js";

const TEMPLATE = fileURLToPath(new URL("../../../../../configs/localnet/network.yaml", import.meta.url));

/** Blocks come when the arena asks for them, so its phases need not be long. */
const template = loadNetworkTemplate(TEMPLATE);
const { max_steps: steps, ...training } = TRAINING;
const network = {
  ...template,
  first_cycle: 1,
  phases: PHASES,
  scoring: { ...template.scoring, witness: { steps, ...training } },
};

/** As `blockzero localnet` has it unless told otherwise. */
const GENESIS_STEPS = 250;

/** The localnet's model, groups, texts, genesis and inner training: 1.3 M parameters, 590,000 of them a group's. */
export const localnet: ArenaModel = {
  name: "localnet",
  network,
  training: TRAINING,
  genesis(seed, stage = 1) {
    const { signal } = new AbortController();
    return pretrain({ network, device, seed, steps: Math.ceil(stage * GENESIS_STEPS), ...PRETRAINING, signal });
  },
};
