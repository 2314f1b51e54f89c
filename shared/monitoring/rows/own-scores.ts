import type { Row } from "../panel.js";
import { MINER } from "./roles.js";
import { increaseAboveZero, plain } from "./targets.js";

export const OWN_SCORES: Row = {
  title: "What the validators say",
  panels: [
    { title: "Score", roles: MINER, unit: "none", targets: plain("blockzero_score") },
    { title: "Place in the group", roles: MINER, unit: "none", targets: plain("blockzero_score_rank") },
    {
      title: "Loss reduction that was measured",
      roles: MINER,
      unit: "none",
      targets: plain("blockzero_score_loss_reduction_nats"),
    },
    {
      title: "Verdicts in six hours",
      roles: MINER,
      unit: "none",
      targets: [increaseAboveZero("blockzero_own_verdicts_total", "6h", "{{verdict}} {{reason}}")],
    },
  ],
};
