import { type DutyRecord, recordDuties } from "./duty-record.js";
import { createHealth, type Health } from "./health.js";
import { type Instruments, silentInstruments } from "./instruments/instruments.js";

/** How a running program is seen from outside. */
export interface Telemetry {
  readonly instruments: Instruments;
  readonly health: Health;
  readonly duties: DutyRecord;
}

/** @param instruments those of a program that nobody watches unless given */
export const createTelemetry = (instruments: Instruments = silentInstruments): Telemetry => {
  const health = createHealth();
  return { instruments, health, duties: recordDuties(health) };
};
