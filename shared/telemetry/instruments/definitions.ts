import { beaconInstruments } from "./definitions/beacon.js";
import { chainInstruments } from "./definitions/chain.js";
import { cycleInstruments } from "./definitions/cycle.js";
import { fileInstruments } from "./definitions/files.js";
import { sprintInstruments } from "./definitions/sprint.js";
import { trainingInstruments } from "./definitions/training.js";
import { validationInstruments } from "./definitions/validation.js";

/**
 * Every instrument, by the name that Prometheus sees. The table of docs/monitoring.md, the dashboards and the alert rules are generated from
 * here.
 */
export const INSTRUMENTS = {
  ...cycleInstruments,
  ...chainInstruments,
  ...fileInstruments,
  ...trainingInstruments,
  ...validationInstruments,
  ...sprintInstruments,
  ...beaconInstruments,
} as const;
