import type { Row } from "../panel.js";
import { VALIDATOR } from "./roles.js";
import { increase, plain } from "./targets.js";

export const AGREEMENT: Row = {
  title: "Agreement",
  panels: [
    {
      title: "Own agreement with the majority",
      roles: VALIDATOR,
      unit: "percentunit",
      targets: plain("blockzero_agreement_ratio"),
    },
    {
      title: "Agreement of every validator",
      roles: VALIDATOR,
      unit: "percentunit",
      targets: plain("blockzero_validator_agreement_ratio"),
    },
    {
      title: "Distance of every validator's scores",
      roles: VALIDATOR,
      unit: "percentunit",
      targets: plain("blockzero_validator_deviation_ratio"),
    },
    {
      title: "Who reported",
      roles: VALIDATOR,
      unit: "none",
      targets: plain("blockzero_validator_reported"),
    },
    {
      title: "Models that the majority did not agree to, in a day",
      roles: VALIDATOR,
      unit: "none",
      targets: [increase("blockzero_model_disagreements_total", "1d", "cycles")],
    },
    {
      title: "Weights that were not opened, in a day",
      roles: VALIDATOR,
      unit: "none",
      targets: [
        increase("blockzero_weights_lost_total", "1d", "lost"),
        increase("blockzero_weights_pulse_overdue_total", "1d", "pulse overdue"),
      ],
    },
  ],
};
