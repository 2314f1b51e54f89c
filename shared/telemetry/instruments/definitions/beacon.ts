import { type InstrumentDefinitions, PARTICIPANTS } from "../definition.js";
import { BEACON_ORIGINS } from "../labels.js";

/** The value that seeds are mixed with. */
export const beaconInstruments = {
  blockzero_beacon_origin: {
    type: "gauge",
    help: "What the newest value of the beacon was made from: 1 for its origin, 0 for the others; pulse and blocks are fallbacks.",
    roles: PARTICIPANTS,
    unit: "1",
    labels: { origin: BEACON_ORIGINS },
  },
  blockzero_beacon_contributors: {
    type: "gauge",
    help: "Hotkeys whose contributions are in the newest value of the beacon, or whose secrets are in the group that signed it.",
    roles: PARTICIPANTS,
    unit: "hotkeys",
  },
  blockzero_beacon_dropped: {
    type: "gauge",
    help: "Hotkeys that were asked for a contribution to the newest value of the beacon and do not count, or whose dealing does not in the group that signed it.",
    roles: PARTICIPANTS,
    unit: "hotkeys",
  },
} as const satisfies InstrumentDefinitions;
