import type { Row } from "../panel.js";
import { MINER, PARTICIPANTS, VALIDATOR } from "./roles.js";
import { increase, increaseBy, inForce, plain } from "./targets.js";

export const SPRINTS: Row = {
  title: "Sprints",
  panels: [
    {
      title: "What the Sprint is doing",
      roles: MINER,
      unit: "none",
      kind: "stat",
      targets: [inForce("blockzero_sprint_state", "state")],
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
        increaseBy("blockzero_sprint_checks_total", "verdict, reason", "6h", "{{verdict}} {{reason}}"),
        increase("blockzero_sprint_checked_wins_total", "6h", "wins"),
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
      targets: [increaseBy("blockzero_duty_verdicts_total", "verdict", "6h", "{{verdict}}")],
    },
    {
      title: "Origin of the beacon's value",
      roles: PARTICIPANTS,
      unit: "none",
      kind: "stat",
      targets: [inForce("blockzero_beacon_origin", "origin")],
    },
    {
      title: "Contributors to the beacon's value, and who was dropped",
      roles: PARTICIPANTS,
      unit: "none",
      targets: plain("blockzero_beacon_contributors", "blockzero_beacon_dropped"),
    },
  ],
};
