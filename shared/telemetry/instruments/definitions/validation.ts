import type { InstrumentDefinitions, Role } from "../definition.js";
import { EVALUATION_PARTS, GROUPS, REASONS, UIDS, VERDICTS } from "../labels.js";

const VALIDATOR: readonly Role[] = ["validator"];

/** A validator's judging, voting and weights. */
export const validationInstruments = {
  blockzero_verdicts_total: {
    type: "counter",
    help: "This validator's own verdicts on updates.",
    roles: VALIDATOR,
    unit: "updates",
    labels: { verdict: VERDICTS, reason: REASONS },
  },
  blockzero_miner_score: {
    type: "gauge",
    help: "This validator's scores of the last cycle, without the miners that it could not judge.",
    roles: VALIDATOR,
    unit: "1",
    labels: { uid: UIDS },
  },
  blockzero_miner_weight_ratio: {
    type: "gauge",
    help: "Share of each miner in the weights that this validator last set.",
    roles: VALIDATOR,
    unit: "share",
    labels: { uid: UIDS },
  },
  blockzero_baseline_loss_nats: {
    type: "gauge",
    help: "Loss of the model that the cycle started from, on the batches of the evaluation.",
    roles: VALIDATOR,
    unit: "nats a token",
    labels: { group: GROUPS },
  },
  blockzero_reference_loss_nats: {
    type: "gauge",
    help: "Loss of the agreed model on the group's reference text.",
    roles: VALIDATOR,
    unit: "nats a token",
    labels: { group: GROUPS },
  },
  blockzero_reference_shard_loss_nats: {
    type: "gauge",
    help: "The same of the group's shard of the model, which its miners train. None where shards are full.",
    roles: VALIDATOR,
    unit: "nats a token",
    labels: { group: GROUPS },
  },
  blockzero_reference_bpb: {
    type: "gauge",
    help: "Loss of the agreed model on the group's reference text, in bits a byte of it.",
    roles: VALIDATOR,
    unit: "bits a byte",
    labels: { group: GROUPS },
  },
  blockzero_evaluation_duration_seconds: {
    type: "gauge",
    help: "What the time of the last evaluation went to.",
    roles: VALIDATOR,
    unit: "seconds",
    labels: { part: EVALUATION_PARTS },
  },
  blockzero_races_total: {
    type: "counter",
    help: "Races of a group's updates.",
    roles: VALIDATOR,
    unit: "races",
  },
  blockzero_races_short_total: {
    type: "counter",
    help: "Races that ended because the time was over.",
    roles: VALIDATOR,
    unit: "races",
  },
  blockzero_races_unwitnessed_total: {
    type: "counter",
    help: "Races whose independence was measured without the validator's own trainings, where the network file asks for these.",
    roles: VALIDATOR,
    unit: "races",
  },
  blockzero_votes_missing_total: {
    type: "counter",
    help: "Groups of which this validator's ballots say nothing, as it could not measure their steps.",
    roles: VALIDATOR,
    unit: "groups",
  },
  blockzero_race_batches: {
    type: "gauge",
    help: "Batches that the last race measured.",
    roles: VALIDATOR,
    unit: "batches",
    labels: { group: GROUPS },
  },
  blockzero_race_contenders: {
    type: "gauge",
    help: "Updates in the last race.",
    roles: VALIDATOR,
    unit: "updates",
    labels: { group: GROUPS },
  },
  blockzero_agreement_ratio: {
    type: "gauge",
    help: "Share of the last cycle's outcomes on which this validator's report agrees with the majority.",
    roles: VALIDATOR,
    unit: "share",
  },
  blockzero_validator_agreement_ratio: {
    type: "gauge",
    help: "The same for every validator whose report counts.",
    roles: VALIDATOR,
    unit: "share",
    labels: { uid: UIDS },
  },
  blockzero_validator_deviation_ratio: {
    type: "gauge",
    help: "Mean distance of a validator's scores from the agreed ones.",
    roles: VALIDATOR,
    unit: "share of the score",
    labels: { uid: UIDS },
  },
  blockzero_validator_reported: {
    type: "gauge",
    help: "Whether a validator committed a report in the last cycle.",
    roles: VALIDATOR,
    unit: "0 or 1",
    labels: { uid: UIDS },
  },
  blockzero_model_disagreements_total: {
    type: "counter",
    help: "Cycles whose agreed model is another than the one that this validator merged.",
    roles: VALIDATOR,
    unit: "cycles",
  },
  blockzero_chosen_step: {
    type: "gauge",
    help: "The step that the last cycle chose; 0: the group's model stood still.",
    roles: VALIDATOR,
    unit: "step",
    labels: { group: GROUPS },
  },
  blockzero_weights_lost_total: {
    type: "counter",
    help: "Committed weights that were not opened.",
    roles: VALIDATOR,
    unit: "weights",
  },
  blockzero_weights_pulse_overdue_total: {
    type: "counter",
    help: "Committed weights whose beacon's pulse was late.",
    roles: VALIDATOR,
    unit: "weights",
  },
} as const satisfies InstrumentDefinitions;
