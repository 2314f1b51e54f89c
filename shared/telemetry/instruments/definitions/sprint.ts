import type { InstrumentDefinitions, Role } from "../definition.js";
import { CHECK_VERDICTS, CHECKED, DUTY_STATES, SPRINT_PARTS, SPRINT_STATES, UIDS } from "../labels.js";

const MINER: readonly Role[] = ["miner"];
const VALIDATOR: readonly Role[] = ["validator"];
const BOTH: readonly Role[] = ["miner", "validator"];

/** A miner's Sprints, and what validators find of proofs. */
export const sprintInstruments = {
  blockzero_sprint_state: {
    type: "gauge",
    help: "What the Sprint is doing: 1 for one of its states, 0 for the others.",
    roles: MINER,
    unit: "1",
    labels: { state: SPRINT_STATES },
  },
  blockzero_sprint_nonces: {
    type: "gauge",
    help: "Nonces of the Sprint under way, or of the last.",
    roles: MINER,
    unit: "nonces",
  },
  blockzero_sprint_wins: {
    type: "gauge",
    help: "Nonces that won in the Sprint under way, or in the last.",
    roles: MINER,
    unit: "nonces",
  },
  blockzero_sprint_duration_seconds: {
    type: "gauge",
    help: "Time that the last Sprint took, by what it went to.",
    roles: BOTH,
    unit: "seconds",
    labels: { part: SPRINT_PARTS },
  },
  blockzero_sprint_power_watts: {
    type: "gauge",
    help: "Mean power of the processor packages while the last Sprint computed. Absent where it cannot be read.",
    roles: MINER,
    unit: "watts",
  },
  blockzero_sprint_checks_total: {
    type: "counter",
    help: "Verdicts of this validator on proofs, and why they were not valid.",
    roles: VALIDATOR,
    unit: "proofs",
    labels: { verdict: CHECK_VERDICTS, reason: CHECKED },
  },
  blockzero_sprint_checked_wins_total: {
    type: "counter",
    help: "Wins that this validator recomputed.",
    roles: VALIDATOR,
    unit: "nonces",
  },
  blockzero_sprint_confirmed_nonces: {
    type: "gauge",
    help: "Confirmed weight of each miner after the last settled Sprint.",
    roles: VALIDATOR,
    unit: "nonces",
    labels: { uid: UIDS },
  },
  blockzero_sprint_duties: {
    type: "gauge",
    help: "Duties of the last Sprint whose duty was closed: of this miner, as it did them; of all members, as this validator closed it.",
    roles: BOTH,
    unit: "tasks",
    labels: { outcome: DUTY_STATES },
  },
  blockzero_duty_verdicts_total: {
    type: "counter",
    help: "Verdicts of this miner on tasks that it was on duty for.",
    roles: MINER,
    unit: "tasks",
    labels: { verdict: CHECK_VERDICTS },
  },
} as const satisfies InstrumentDefinitions;
