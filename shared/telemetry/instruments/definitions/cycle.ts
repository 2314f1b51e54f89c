import { EVERYBODY, FOLLOWERS, type InstrumentDefinitions, PARTICIPANTS, ROLES, SECONDS } from "../definition.js";
import { DUTIES, DUTY_OUTCOMES, PHASES, RECORDS, VERSIONS } from "../labels.js";

/** The program, the head of its chain, and its duties. */
export const cycleInstruments = {
  blockzero_build_info: {
    type: "gauge",
    help: "The program's version and role; always 1.",
    roles: EVERYBODY,
    unit: "1",
    labels: { version: VERSIONS, role: ROLES },
  },
  blockzero_healthy: {
    type: "gauge",
    help: "Whether /health answers 200: the program has joined, blocks come, and duties are done.",
    roles: EVERYBODY,
    unit: "0 or 1",
  },
  blockzero_joining: {
    type: "gauge",
    help: "Whether the program joins the subnet still: it fetches the network file and the model, and compiles.",
    roles: PARTICIPANTS,
    unit: "0 or 1",
  },
  blockzero_head_block: { type: "gauge", help: "Number of the newest block seen.", roles: EVERYBODY, unit: "block" },
  blockzero_head_age_seconds: {
    type: "gauge",
    help: "Time since the newest block was seen.",
    roles: EVERYBODY,
    unit: "seconds",
  },
  blockzero_head_lag_seconds: {
    type: "gauge",
    help: "This machine's clock when the newest block was seen, less the block's timestamp. A clock that is off shows here.",
    roles: FOLLOWERS,
    unit: "seconds",
  },
  blockzero_cycle: { type: "gauge", help: "The cycle of the next block.", roles: FOLLOWERS, unit: "cycle" },
  blockzero_phase: {
    type: "gauge",
    help: "1 for the phase of the next block, 0 for the others.",
    roles: FOLLOWERS,
    unit: "0 or 1",
    labels: { phase: PHASES },
  },
  blockzero_phase_left_blocks: {
    type: "gauge",
    help: "Blocks until the phase ends.",
    roles: FOLLOWERS,
    unit: "blocks",
  },
  blockzero_duty_duration_seconds: {
    type: "histogram",
    help: "Time that a duty of a cycle took, however it ended.",
    roles: PARTICIPANTS,
    unit: "seconds",
    labels: { duty: DUTIES },
    buckets: SECONDS,
  },
  blockzero_duties_total: {
    type: "counter",
    help: "Duties of cycles, by how they ended.",
    roles: PARTICIPANTS,
    unit: "duties",
    labels: { duty: DUTIES, outcome: DUTY_OUTCOMES },
  },
  blockzero_duty_slack_blocks: {
    type: "gauge",
    help: "Blocks that were left when a duty last ended; 0 when it was overdue.",
    roles: PARTICIPANTS,
    unit: "blocks",
    labels: { duty: DUTIES },
  },
  blockzero_windows_missed_total: {
    type: "counter",
    help: "Records and weights that were not on chain before their window closed.",
    roles: PARTICIPANTS,
    unit: "windows",
    labels: { record: RECORDS },
  },
} as const satisfies InstrumentDefinitions;
