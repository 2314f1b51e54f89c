import type { Row } from "../panel.js";
import { ALL, PARTICIPANTS } from "./roles.js";
import { increaseBy, inForce, plain } from "./targets.js";

export const HEALTH: Row = {
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
      targets: [inForce("blockzero_phase", "phase")],
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
      targets: [increaseBy("blockzero_duties_total", "outcome", "1h", "{{outcome}}")],
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
};
