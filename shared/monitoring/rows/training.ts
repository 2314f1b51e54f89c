import type { Row } from "../panel.js";
import { MINER } from "./roles.js";
import { increase, plain } from "./targets.js";

export const TRAINING: Row = {
  title: "Training",
  panels: [
    {
      title: "Loss",
      roles: MINER,
      unit: "none",
      targets: plain("blockzero_training_loss_nats", "blockzero_training_loss_reduction_nats"),
    },
    {
      title: "Tokens a second",
      roles: MINER,
      unit: "none",
      targets: [
        ...plain("blockzero_training_tokens_per_second"),
        {
          metric: "blockzero_training_tokens_total",
          expr: "rate(blockzero_training_tokens_total$[6h])",
          legend: "mean of six hours, all phases",
        },
      ],
    },
    {
      title: "Steps",
      roles: MINER,
      unit: "none",
      targets: [
        { metric: "blockzero_training_step", legend: "of the training under way" },
        increase("blockzero_training_steps_total", "1h", "in an hour"),
      ],
    },
    {
      title: "Steps skipped in an hour",
      roles: MINER,
      unit: "none",
      targets: plain("blockzero_training_steps_skipped_total"),
    },
    {
      title: "Gradient norm",
      roles: MINER,
      unit: "none",
      targets: plain("blockzero_training_gradient_norm"),
    },
    {
      title: "Learning rate",
      roles: MINER,
      unit: "sci",
      targets: plain("blockzero_training_learning_rate"),
    },
    {
      title: "Memory by the plan",
      roles: MINER,
      unit: "bytes",
      targets: plain("blockzero_training_planned_memory_bytes"),
    },
    { title: "Size of the update", roles: MINER, unit: "bytes", targets: plain("blockzero_update_bytes") },
  ],
};
