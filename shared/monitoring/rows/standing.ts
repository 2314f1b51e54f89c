import type { Row } from "../panel.js";
import { PARTICIPANTS, VALIDATOR } from "./roles.js";
import { plain } from "./targets.js";

export const STANDING: Row = {
  title: "Standing",
  panels: [
    {
      title: "Registered",
      roles: PARTICIPANTS,
      unit: "bool_yes_no",
      kind: "stat",
      targets: plain("blockzero_registered"),
    },
    { title: "Uid", roles: PARTICIPANTS, unit: "none", kind: "stat", targets: plain("blockzero_uid") },
    {
      title: "Validator permit",
      roles: PARTICIPANTS,
      unit: "bool_yes_no",
      kind: "stat",
      targets: plain("blockzero_validator_permit"),
    },
    { title: "Stake", roles: PARTICIPANTS, unit: "none", targets: plain("blockzero_stake_tokens") },
    { title: "Emission of an epoch", roles: PARTICIPANTS, unit: "none", targets: plain("blockzero_emission_tokens") },
    {
      title: "Shares of the last epoch",
      roles: PARTICIPANTS,
      unit: "percentunit",
      targets: [
        { metric: "blockzero_rank_ratio", legend: "rank" },
        { metric: "blockzero_incentive_ratio", legend: "incentive" },
        { metric: "blockzero_dividends_ratio", legend: "dividends" },
        { metric: "blockzero_validator_trust_ratio", legend: "validator trust" },
      ],
    },
    {
      title: "Blocks since weights were set",
      roles: VALIDATOR,
      unit: "none",
      targets: plain("blockzero_weights_age_blocks"),
    },
    {
      title: "Risk of deregistration",
      roles: PARTICIPANTS,
      unit: "none",
      targets: [
        { metric: "blockzero_deregistration_rank", legend: "hotkeys that go first" },
        { metric: "blockzero_subnet_free_uids", legend: "free uids" },
      ],
    },
    {
      title: "Blocks of immunity left",
      roles: PARTICIPANTS,
      unit: "none",
      targets: plain("blockzero_immunity_left_blocks"),
    },
  ],
};
