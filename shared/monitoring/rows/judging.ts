import type { Row } from "../panel.js";
import { VALIDATOR } from "./roles.js";
import { increase, increaseAboveZero, plain } from "./targets.js";

export const JUDGING: Row = {
  title: "Judging",
  panels: [
    {
      title: "Verdicts in six hours",
      roles: VALIDATOR,
      unit: "none",
      targets: [increaseAboveZero("blockzero_verdicts_total", "6h", "{{verdict}} {{reason}}")],
    },
    { title: "Score of each miner", roles: VALIDATOR, unit: "none", targets: plain("blockzero_miner_score") },
    {
      title: "Weight of each miner",
      roles: VALIDATOR,
      unit: "percentunit",
      targets: plain("blockzero_miner_weight_ratio"),
    },
    {
      title: "Loss of each group",
      roles: VALIDATOR,
      unit: "none",
      targets: [
        { metric: "blockzero_reference_loss_nats", legend: "{{group}}, reference text" },
        { metric: "blockzero_reference_shard_loss_nats", legend: "{{group}}, reference text, the miners' shard" },
        { metric: "blockzero_baseline_loss_nats", legend: "{{group}}, evaluation" },
      ],
    },
    {
      title: "Bits for each byte of text",
      roles: VALIDATOR,
      unit: "none",
      targets: plain("blockzero_reference_bpb"),
    },
    {
      title: "Step that each group took",
      roles: VALIDATOR,
      unit: "none",
      targets: plain("blockzero_chosen_step"),
    },
    {
      title: "Time of the evaluation",
      roles: VALIDATOR,
      unit: "s",
      targets: plain("blockzero_evaluation_duration_seconds"),
    },
    {
      title: "Races in six hours",
      roles: VALIDATOR,
      unit: "none",
      targets: [
        increase("blockzero_races_total", "6h", "all"),
        increase("blockzero_races_short_total", "6h", "ended by the time"),
        increase("blockzero_races_unwitnessed_total", "6h", "without own trainings"),
        increase("blockzero_votes_missing_total", "6h", "groups without a vote"),
      ],
    },
    {
      title: "Batches and updates of the last race",
      roles: VALIDATOR,
      unit: "none",
      targets: [
        { metric: "blockzero_race_batches", legend: "{{group}}, batches" },
        { metric: "blockzero_race_contenders", legend: "{{group}}, updates" },
      ],
    },
  ],
};
