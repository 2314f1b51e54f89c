import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { SPRINT_STATES } from "#shared/telemetry/instruments/labels.js";

/** Shows what a Sprint does. */
export const showSprint = (instruments: Instruments) => ({
  state: (now: (typeof SPRINT_STATES)[number]): void => {
    for (const state of SPRINT_STATES) instruments.set("blockzero_sprint_state", state === now ? 1 : 0, { state });
  },
  found: (nonces: number, wins: number): void => {
    instruments.set("blockzero_sprint_nonces", nonces);
    instruments.set("blockzero_sprint_wins", wins);
  },
  took: (part: "load" | "search" | "rest", seconds: number): void =>
    instruments.set("blockzero_sprint_duration_seconds", seconds, { part }),
  watts: (watts: number): void => instruments.set("blockzero_sprint_power_watts", watts),
});
