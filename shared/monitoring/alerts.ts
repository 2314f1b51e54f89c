/** One alert rule. */
export interface Alert {
  readonly name: string;
  /** PromQL. */
  readonly expr: string;
  /** How long it must hold. */
  readonly for: string;
  /** `critical`: wake somebody; `warning`: look at it today. */
  readonly severity: "critical" | "warning";
  /** One line, with Prometheus' templates. */
  readonly summary: string;
  /** What to do, for a person. */
  readonly action: string;
}

/** Of these calls all set weights. */
const WEIGHT_CALLS = "setWeights|commitWeights|commitTimelockedWeights|revealWeights";

/** What somebody should hear of, most urgent first. */
export const ALERTS: readonly Alert[] = [
  {
    name: "BlockZeroDown",
    expr: 'up{job=~"blockzero.*"} == 0',
    for: "5m",
    severity: "critical",
    summary: "{{ $labels.instance }} does not answer Prometheus",
    action: "Look whether the program runs and what its log said last; start it again: it goes on where it stopped.",
  },
  {
    name: "BlockZeroDeregistered",
    expr: "blockzero_registered == 0",
    for: "1m",
    severity: "critical",
    summary: "{{ $labels.instance }}: the hotkey has no uid any more",
    action:
      "Register it again with `blockzero register`. Before that, look why it was replaced: its pay, its verdicts.",
  },
  {
    name: "BlockZeroNoNewBlock",
    expr: "blockzero_head_age_seconds > 120",
    for: "1m",
    severity: "critical",
    summary: "{{ $labels.instance }} has seen no new block for {{ $value | humanizeDuration }}",
    action:
      "Look whether the chain stands still for others too. If not, the endpoint does: give `chain_endpoint` a second one, which is then used by itself.",
  },
  {
    name: "BlockZeroMissedWindow",
    expr: "sum by (instance, job, record) (increase(blockzero_windows_missed_total[1h])) > 0",
    for: "0m",
    severity: "critical",
    summary: "{{ $labels.instance }} missed the window of its {{ $labels.record }}",
    action:
      "The log has `WINDOW_MISSED` with the last reason. Often the work took too long (panel “Blocks left at the end of each duty”), a rate limit applied, or the chain did not answer.",
  },
  {
    name: "BlockZeroDutyFailed",
    expr: 'sum by (instance, job, duty) (increase(blockzero_duties_total{outcome=~"failed|overdue", duty!~"cycle|reference"}[1h])) > 0',
    for: "0m",
    severity: "warning",
    summary: "{{ $labels.instance }}: the duty {{ $labels.duty }} failed",
    action: "The log says why, with an error code: docs/errors.md has what to do for each.",
  },
  {
    name: "BlockZeroUnhealthy",
    // A large model is fetched for hours.
    expr: "blockzero_healthy == 0 unless on (instance, job) blockzero_joining == 1",
    for: "15m",
    severity: "critical",
    summary: "{{ $labels.instance }} is not healthy",
    action: "`curl http://HOST:PORT/health` says in one line what is wrong.",
  },
  {
    name: "BlockZeroStillJoining",
    expr: "blockzero_joining == 1",
    for: "6h",
    severity: "warning",
    summary: "{{ $labels.instance }} still joins the subnet",
    action:
      "The log says what it fetches or waits for. A large model takes hours; a line that comes again names a fault.",
  },
  {
    name: "BlockZeroDisagreement",
    expr: "blockzero_agreement_ratio < 0.8 or increase(blockzero_model_disagreements_total[6h]) > 0",
    for: "0m",
    severity: "critical",
    summary: "{{ $labels.instance }} contradicts the majority of the validators",
    action:
      "Compare versions with the other validators, and the device: `device: cpu` computes what the others compute. `blockzero audit` says what a cycle should have come to, `blockzero explain` why a miner was scored so.",
  },
  {
    name: "BlockZeroShardApart",
    expr: "abs(blockzero_reference_shard_loss_nats - blockzero_reference_loss_nats) > 0.15",
    for: "10m",
    severity: "warning",
    summary: "{{ $labels.instance }}: the shard that miners of {{ $labels.group }} train and the whole model are apart",
    action:
      "What these miners learn is not what is scored, and the group will stand still: docs/shard-modes.md, “Over cycles”. Miners can raise `training.affinity`, the owner can set `model.shard` to `full`.",
  },
  {
    name: "BlockZeroWeightsRejected",
    expr: `sum by (instance, job) (increase(blockzero_chain_writes_total{call=~"${WEIGHT_CALLS}", outcome=~"rejected|failed"}[1h])) > 0 or sum by (instance, job) (increase(blockzero_weights_lost_total[6h])) > 0`,
    for: "0m",
    severity: "critical",
    summary: "{{ $labels.instance }}: the chain did not take its weights",
    action:
      "The log has the chain's reason. Check the validator permit, the stake, the weights version and the weights rate limit; with timelocked weights also `drand.*`.",
  },
  {
    name: "BlockZeroKeyUsedElsewhere",
    // One or two nonces may go to a node that lags behind; an increase is extrapolated, and so no whole number.
    expr: 'sum by (instance, job, outcome) (increase(blockzero_chain_writes_total{outcome="nonce_taken"}[6h])) > 2.5 or sum by (instance, job, outcome) (increase(blockzero_chain_writes_total{outcome="key_in_use"}[1h])) > 0',
    for: "0m",
    severity: "critical",
    summary: "{{ $labels.instance }}: somebody else writes with its key ({{ $labels.outcome }})",
    action:
      "Stop the second program: a hotkey is for one. With `nonce_taken` also use an endpoint that is one node: of several behind one address some lag behind. If it goes on, the key is in other hands: move the stake and take a new hotkey. Who writes with your key in other blocks than you does not show here.",
  },
  {
    name: "BlockZeroDeregistrationRisk",
    expr: "blockzero_deregistration_rank < 3 and blockzero_subnet_free_uids == 0 and blockzero_immunity_left_blocks == 0 and blockzero_validator_permit == 0",
    for: "30m",
    severity: "warning",
    summary: "{{ $labels.instance }} is among the next three hotkeys to be replaced",
    action:
      "Look at the verdicts and the place in the group: a miner that is paid more stays. `blockzero explain` says why it earned what it did.",
  },
  {
    name: "BlockZeroDiskFull",
    expr: "blockzero_disk_free_bytes / blockzero_disk_size_bytes < 0.05 or (predict_linear(blockzero_disk_free_bytes[6h], 86400) < 0 and blockzero_disk_free_bytes offset 6h)",
    for: "10m",
    severity: "critical",
    summary: "{{ $labels.instance }}: the disk is full, or will be within a day",
    action:
      "Lower `checkpoint_keep_top_k` or `cache_gib`, run `blockzero trim`, or give `checkpoint_dir` a larger disk.",
  },
  {
    name: "BlockZeroRejected",
    expr: 'sum by (instance, job, reason) (increase(blockzero_own_verdicts_total{verdict="rejected"}[6h])) > 0',
    for: "0m",
    severity: "warning",
    summary: "{{ $labels.instance }}: the validators rejected an update ({{ $labels.reason }})",
    action:
      "docs/protocol.md explains the reasons; `unreachable` means that validators could not fetch it: check `listen.*` and the firewall.",
  },
  {
    name: "BlockZeroStepsSkipped",
    expr: "sum by (instance, job) (increase(blockzero_training_steps_skipped_total[2h])) / sum by (instance, job) (increase(blockzero_training_steps_total[2h])) > 0.1",
    for: "10m",
    severity: "warning",
    summary: "{{ $labels.instance }} skips {{ $value | humanizePercentage }} of its training steps",
    action: "Lower `learning_rate` or raise `warmup_steps`; check the text of `data_path`.",
  },
  {
    name: "BlockZeroEvaluationShort",
    expr: "increase(blockzero_races_short_total[6h]) > 0",
    for: "0m",
    severity: "warning",
    summary: "{{ $labels.instance }} had too little time to measure everybody on all batches",
    action: "Give the validator more of the machine, or the network a longer evaluate phase.",
  },
  {
    name: "BlockZeroFailedToJudge",
    expr: 'sum by (instance, job) (increase(blockzero_verdicts_total{reason="validator_failed"}[6h])) > 0',
    for: "0m",
    severity: "warning",
    summary: "{{ $labels.instance }} failed itself to judge {{ $value | humanize }} updates",
    action:
      "The report's details say why (`blockzero explain`): no time, no text, a disk or a network that did not answer. What half of the stake fails on is left out of its miner's pay.",
  },
  {
    name: "BlockZeroVotesMissing",
    expr: "increase(blockzero_votes_missing_total[6h]) > 0",
    for: "0m",
    severity: "warning",
    summary: "{{ $labels.instance }} had no vote on a group's steps",
    action:
      'The log has `steps not measured`, or `measured steps` with `best="not measured"` where the time was too short: give the validator more of the machine, or the network a longer choose phase.',
  },
  {
    name: "BlockZeroUnwitnessed",
    expr: "increase(blockzero_races_unwitnessed_total[6h]) > 0",
    for: "0m",
    severity: "warning",
    summary: "{{ $labels.instance }} had no trainings of its own to measure independence by",
    action:
      "The log says why: `WITNESS_SHORT`, `WITNESS_MEMORY`, or a fault. Give the validator more of the machine, a faster device or more memory; else the owner lowers `scoring.witness.steps`. Once, after a start in the middle of a cycle, it is no fault.",
  },
  {
    name: "BlockZeroClockOff",
    expr: "blockzero_head_lag_seconds > 60 or blockzero_head_lag_seconds < -15",
    for: "10m",
    severity: "warning",
    summary: "{{ $labels.instance }}: its clock and the chain's differ by {{ $value | humanizeDuration }}",
    action:
      "Set the clock (NTP). Signed requests are refused when it is a minute off. If the clock is right, the node is behind.",
  },
  {
    name: "BlockZeroNetworkRecordGone",
    expr: "blockzero_network_record_in_force == 0",
    for: "10m",
    severity: "critical",
    summary: "{{ $labels.instance }} serves a network file that the chain does not name",
    action: "Another record of the owner's hotkey has replaced it: publish the network file that is to be in force.",
  },
];
