import type { InstrumentDefinitions, Role } from "../definition.js";
import { MEMORY_PARTS, REASONS, SKIPS, VERDICTS } from "../labels.js";

const MINER: readonly Role[] = ["miner"];

/** A miner's training, and what validators said of its updates. */
export const trainingInstruments = {
  blockzero_training_loss_nats: {
    type: "gauge",
    help: "Mean training loss of the last steps.",
    roles: MINER,
    unit: "nats a token",
  },
  blockzero_training_loss_reduction_nats: {
    type: "gauge",
    help: "Loss of the first steps of the last training, less that of its last.",
    roles: MINER,
    unit: "nats a token",
  },
  blockzero_training_learning_rate: {
    type: "gauge",
    help: "Learning rate of the last step.",
    roles: MINER,
    unit: "1",
  },
  blockzero_training_gradient_norm: {
    type: "gauge",
    help: "Norm of the last step's gradient before any clipping.",
    roles: MINER,
    unit: "1",
  },
  blockzero_training_step: {
    type: "gauge",
    help: "Optimiser steps of the training under way, or of the last.",
    roles: MINER,
    unit: "steps",
  },
  blockzero_training_steps_total: { type: "counter", help: "Optimiser steps.", roles: MINER, unit: "steps" },
  blockzero_training_steps_skipped_total: {
    type: "counter",
    help: "Steps that changed nothing, and why.",
    roles: MINER,
    unit: "steps",
    labels: { reason: SKIPS },
  },
  blockzero_training_tokens_total: { type: "counter", help: "Tokens trained on.", roles: MINER, unit: "tokens" },
  blockzero_training_tokens_per_second: {
    type: "gauge",
    help: "Tokens a second of the last training, everything between its first and last step included.",
    roles: MINER,
    unit: "tokens a second",
  },
  blockzero_training_planned_memory_bytes: {
    type: "gauge",
    help: "Memory that training takes by its plan, of all workers.",
    roles: MINER,
    unit: "bytes",
    labels: { part: MEMORY_PARTS },
  },
  blockzero_update_bytes: { type: "gauge", help: "Size of the last update's file.", roles: MINER, unit: "bytes" },
  blockzero_score: {
    type: "gauge",
    help: "The score that the validators agreed on for the last update; 0 where it was not scored.",
    roles: MINER,
    unit: "1",
  },
  blockzero_score_rank: {
    type: "gauge",
    help: "Place of the last update among those of its group, best first; none without a score above 0.",
    roles: MINER,
    unit: "place",
  },
  blockzero_score_loss_reduction_nats: {
    type: "gauge",
    help: "By how much the last update lowered the loss, as the validators measured it.",
    roles: MINER,
    unit: "nats a token",
  },
  blockzero_own_verdicts_total: {
    type: "counter",
    help: "What the validators agreed on about this miner's updates.",
    roles: MINER,
    unit: "updates",
    labels: { verdict: VERDICTS, reason: REASONS },
  },
} as const satisfies InstrumentDefinitions;
