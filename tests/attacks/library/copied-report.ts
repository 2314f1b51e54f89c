import type { Attack } from "../attack.js";
import { honestWeights } from "./honest-weights.js";
import { TALLYING_PAYS } from "./idle-validators.js";
import { OWN_TRAININGS_APART } from "./own-trainings-apart.js";

/** No miner attacks: what is looked at is whether a report can be copied in time, and what is paid for that. */
export const copiedReport: Attack = {
  name: "copied-report",
  description:
    "of three validators with a third of the stake each one measures nothing: it asks another for its report of the cycle, signs what it gets, and names that report as its own where it gets none",
  known: { abstained: OWN_TRAININGS_APART, idle: TALLYING_PAYS },
  idle: ["mallory"],
  stakes: { vera: 3400, vito: 3300, mallory: 3300 },
  submit: async () => [],
  lie: { copies: true, weights: honestWeights },
};
