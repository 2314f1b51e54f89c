import type { Row } from "../panel.js";
import { ALL, PARTICIPANTS } from "./roles.js";
import { increaseAboveZero, plain } from "./targets.js";

export const CHAIN: Row = {
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
      targets: [increaseAboveZero("blockzero_chain_writes_total", "1h", "{{call}} {{outcome}}")],
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
};
