import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { SPRINT_STATES } from "#shared/telemetry/instruments/labels.js";
import type { Sprinter } from "./context.js";
import type { Found } from "./search.js";

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

/** What a search came to, and the seconds that each part of it took. */
interface Searched extends Found {
  readonly isIdle: boolean;
  readonly difficulty: number;
  readonly loading: number;
  readonly computing: number;
  readonly resting: number;
  /** Null if they cannot be read. */
  readonly watts: number | null;
}

/** Shows a search that has ended, in the instruments, the metrics and the log. */
export const reportSearch = (
  { participant, config, metrics }: Pick<Sprinter, "participant" | "config" | "metrics">,
  cycle: number,
  { wins, nonces, isIdle, difficulty, loading, computing, resting, watts }: Searched,
): void => {
  const { clock, log, telemetry } = participant;
  const show = showSprint(telemetry.instruments);
  show.took("search", computing);
  show.took("rest", resting);
  if (watts !== null) show.watts(watts);
  metrics.write({
    cycle,
    "sprint/nonces": nonces,
    "sprint/wins": wins.length,
    "sprint/difficulty": difficulty,
    "sprint/load_seconds": loading,
    "sprint/search_seconds": computing,
  });
  log.info("searched", {
    cycle,
    idle: isIdle,
    nonces,
    wins: wins.length,
    seconds: Number(computing.toFixed(2)),
    restedSeconds: Number(resting.toFixed(2)),
    share: config.compute.max_share,
    watts: watts ?? "cannot be read here",
    block: clock.head.number,
  });
};
