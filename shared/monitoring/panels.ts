import type { Role } from "#shared/telemetry/instruments/definition.js";
import type { InstrumentName, Row, Target } from "./panel.js";

const MINER: readonly Role[] = ["miner"];
const VALIDATOR: readonly Role[] = ["validator"];
const PARTICIPANTS: readonly Role[] = ["miner", "validator"];
const OWNER: readonly Role[] = ["owner"];
const ALL: readonly Role[] = ["miner", "validator", "owner"];

const plain = (...metrics: readonly InstrumentName[]): readonly Target[] => metrics.map((metric) => ({ metric }));

/** Every panel, by row. A dashboard has those of its role, in this order. */
export const ROWS: readonly Row[] = [
  {
    title: "Is it well?",
    panels: [
      { title: "Healthy", roles: ALL, unit: "bool_yes_no", kind: "stat", targets: plain("blockzero_healthy") },
      { title: "Joining", roles: PARTICIPANTS, unit: "bool_yes_no", kind: "stat", targets: plain("blockzero_joining") },
      {
        title: "Version",
        roles: ALL,
        unit: "none",
        kind: "stat",
        targets: [{ metric: "blockzero_build_info", legend: "{{version}}" }],
      },
      { title: "Cycle", roles: ALL, unit: "none", kind: "stat", targets: plain("blockzero_cycle") },
      {
        title: "Phase",
        roles: ALL,
        unit: "none",
        kind: "stat",
        targets: [{ metric: "blockzero_phase", expr: "blockzero_phase$ == 1", legend: "{{phase}}" }],
      },
      {
        title: "Blocks left in the phase",
        roles: ALL,
        unit: "none",
        kind: "stat",
        targets: plain("blockzero_phase_left_blocks"),
      },
      {
        title: "Age of the newest block",
        roles: ALL,
        unit: "s",
        targets: [
          { metric: "blockzero_head_age_seconds", legend: "since it was seen" },
          { metric: "blockzero_head_lag_seconds", legend: "this clock less the block's" },
        ],
      },
      { title: "Newest block", roles: ALL, unit: "none", targets: plain("blockzero_head_block") },
      {
        title: "Windows missed in an hour",
        roles: PARTICIPANTS,
        unit: "none",
        targets: plain("blockzero_windows_missed_total"),
      },
      {
        title: "Duties in an hour, by how they ended",
        roles: PARTICIPANTS,
        unit: "none",
        targets: [
          {
            metric: "blockzero_duties_total",
            expr: "sum by (outcome) (increase(blockzero_duties_total$[1h]))",
            legend: "{{outcome}}",
          },
        ],
      },
      {
        title: "Time of each duty, 95 of 100",
        roles: PARTICIPANTS,
        unit: "s",
        targets: plain("blockzero_duty_duration_seconds"),
      },
      {
        title: "Blocks left at the end of each duty",
        roles: PARTICIPANTS,
        unit: "none",
        targets: plain("blockzero_duty_slack_blocks"),
      },
    ],
  },
  {
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
          {
            metric: "blockzero_training_steps_total",
            expr: "increase(blockzero_training_steps_total$[1h])",
            legend: "in an hour",
          },
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
  },
  {
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
        targets: [
          {
            metric: "blockzero_own_verdicts_total",
            expr: "increase(blockzero_own_verdicts_total$[6h]) > 0",
            legend: "{{verdict}} {{reason}}",
          },
        ],
      },
    ],
  },
  {
    title: "Judging",
    panels: [
      {
        title: "Verdicts in six hours",
        roles: VALIDATOR,
        unit: "none",
        targets: [
          {
            metric: "blockzero_verdicts_total",
            expr: "increase(blockzero_verdicts_total$[6h]) > 0",
            legend: "{{verdict}} {{reason}}",
          },
        ],
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
          {
            metric: "blockzero_races_total",
            expr: "increase(blockzero_races_total$[6h])",
            legend: "all",
          },
          {
            metric: "blockzero_races_short_total",
            expr: "increase(blockzero_races_short_total$[6h])",
            legend: "ended by the time",
          },
          {
            metric: "blockzero_races_unwitnessed_total",
            expr: "increase(blockzero_races_unwitnessed_total$[6h])",
            legend: "without own trainings",
          },
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
  },
  {
    title: "Sprints",
    panels: [
      {
        title: "What the Sprint is doing",
        roles: MINER,
        unit: "none",
        kind: "stat",
        targets: [{ metric: "blockzero_sprint_state", expr: "blockzero_sprint_state$ == 1", legend: "{{state}}" }],
      },
      {
        title: "Nonces and wins of the last Sprint",
        roles: MINER,
        unit: "none",
        targets: plain("blockzero_sprint_nonces", "blockzero_sprint_wins"),
      },
      {
        title: "Time of the last Sprint",
        roles: PARTICIPANTS,
        unit: "s",
        targets: plain("blockzero_sprint_duration_seconds"),
      },
      {
        title: "Power of the last Sprint",
        roles: MINER,
        unit: "watt",
        targets: plain("blockzero_sprint_power_watts"),
      },
      {
        title: "Verdicts on proofs, and wins recomputed, in six hours",
        roles: VALIDATOR,
        unit: "none",
        targets: [
          {
            metric: "blockzero_sprint_checks_total",
            expr: "sum by (verdict, reason) (increase(blockzero_sprint_checks_total$[6h]))",
            legend: "{{verdict}} {{reason}}",
          },
          {
            metric: "blockzero_sprint_checked_wins_total",
            expr: "increase(blockzero_sprint_checked_wins_total$[6h])",
            legend: "wins",
          },
        ],
      },
      {
        title: "Confirmed weight of each miner",
        roles: VALIDATOR,
        unit: "none",
        targets: plain("blockzero_sprint_confirmed_nonces"),
      },
      {
        title: "Duty of the last Sprint, done and missed",
        roles: PARTICIPANTS,
        unit: "none",
        targets: plain("blockzero_sprint_duties"),
      },
      {
        title: "Verdicts on tasks of duty in six hours",
        roles: MINER,
        unit: "none",
        targets: [
          {
            metric: "blockzero_duty_verdicts_total",
            expr: "sum by (verdict) (increase(blockzero_duty_verdicts_total$[6h]))",
            legend: "{{verdict}}",
          },
        ],
      },
      {
        title: "Origin of the beacon's value",
        roles: PARTICIPANTS,
        unit: "none",
        kind: "stat",
        targets: [{ metric: "blockzero_beacon_origin", expr: "blockzero_beacon_origin$ == 1", legend: "{{origin}}" }],
      },
      {
        title: "Contributors to the beacon's value, and who was dropped",
        roles: PARTICIPANTS,
        unit: "none",
        targets: plain("blockzero_beacon_contributors", "blockzero_beacon_dropped"),
      },
    ],
  },
  {
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
        targets: [
          {
            metric: "blockzero_model_disagreements_total",
            expr: "increase(blockzero_model_disagreements_total$[1d])",
            legend: "cycles",
          },
        ],
      },
      {
        title: "Weights that were not opened, in a day",
        roles: VALIDATOR,
        unit: "none",
        targets: [
          {
            metric: "blockzero_weights_lost_total",
            expr: "increase(blockzero_weights_lost_total$[1d])",
            legend: "lost",
          },
          {
            metric: "blockzero_weights_pulse_overdue_total",
            expr: "increase(blockzero_weights_pulse_overdue_total$[1d])",
            legend: "pulse overdue",
          },
        ],
      },
    ],
  },
  {
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
  },
  {
    title: "Subnet",
    panels: [
      {
        title: "Hotkeys",
        roles: ALL,
        unit: "none",
        targets: [
          { metric: "blockzero_subnet_neurons", legend: "registered" },
          { metric: "blockzero_subnet_validators", legend: "with a validator permit" },
          { metric: "blockzero_subnet_free_uids", legend: "free uids" },
        ],
      },
      {
        title: "The chain names the file that is served",
        roles: OWNER,
        unit: "bool_yes_no",
        kind: "stat",
        targets: plain("blockzero_network_record_in_force"),
      },
    ],
  },
  {
    title: "Chain",
    panels: [
      { title: "Endpoint in use", roles: ALL, unit: "none", targets: plain("blockzero_chain_endpoint") },
      {
        title: "Connections that broke, in an hour",
        roles: ALL,
        unit: "none",
        targets: plain("blockzero_chain_disconnections_total"),
      },
      {
        title: "Writes in an hour",
        roles: ALL,
        unit: "none",
        targets: [
          {
            metric: "blockzero_chain_writes_total",
            expr: "increase(blockzero_chain_writes_total$[1h]) > 0",
            legend: "{{call}} {{outcome}}",
          },
        ],
      },
      {
        title: "Time until a block holds a write, 95 of 100",
        roles: ALL,
        unit: "s",
        targets: plain("blockzero_chain_write_duration_seconds"),
      },
      { title: "Writes that wait", roles: ALL, unit: "none", targets: plain("blockzero_chain_writes_waiting") },
      {
        title: "Attempts that failed, in an hour",
        roles: PARTICIPANTS,
        unit: "none",
        targets: plain("blockzero_chain_write_retries_total"),
      },
    ],
  },
  {
    title: "Files",
    panels: [
      { title: "Bytes sent", roles: ALL, unit: "Bps", targets: plain("blockzero_blob_sent_bytes_total") },
      {
        title: "Bytes received",
        roles: PARTICIPANTS,
        unit: "Bps",
        targets: plain("blockzero_blob_received_bytes_total"),
      },
      {
        title: "Requests answered in a minute",
        roles: ALL,
        unit: "none",
        targets: [
          {
            metric: "blockzero_blob_requests_total",
            expr: "60 * rate(blockzero_blob_requests_total$[5m])",
            legend: "{{peer}}",
          },
        ],
      },
      {
        title: "Requests refused in an hour",
        roles: ALL,
        unit: "none",
        targets: plain("blockzero_blob_requests_refused_total"),
      },
      { title: "Open connections", roles: ALL, unit: "none", targets: plain("blockzero_blob_connections") },
      {
        title: "Fetches in an hour, by how they ended",
        roles: PARTICIPANTS,
        unit: "none",
        targets: plain("blockzero_blob_fetches_total"),
      },
      {
        title: "Time of a fetch, 95 of 100",
        roles: PARTICIPANTS,
        unit: "s",
        targets: plain("blockzero_blob_fetch_duration_seconds"),
      },
      {
        title: "Cache",
        roles: PARTICIPANTS,
        unit: "bytes",
        targets: plain("blockzero_cache_bytes"),
      },
      { title: "Files in the cache", roles: PARTICIPANTS, unit: "none", targets: plain("blockzero_cache_blobs") },
      {
        title: "Disk",
        roles: ALL,
        unit: "bytes",
        targets: [
          { metric: "blockzero_disk_free_bytes", legend: "free" },
          { metric: "blockzero_disk_size_bytes", legend: "size" },
        ],
      },
    ],
  },
];
