import type { Row } from "../panel.js";
import { ALL, OWNER } from "./roles.js";
import { plain } from "./targets.js";

export const SUBNET: Row = {
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
};
