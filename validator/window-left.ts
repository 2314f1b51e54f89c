import { BlockZeroError } from "#shared/errors/error.js";
import type { Participant } from "#shared/participant/participant.js";
import { windowStanding } from "#shared/participant/window-open.js";
import { type BlockRange, type Phase, phaseWindow } from "#shared/protocol/phases.js";
import type { RecordLabel } from "#shared/telemetry/instruments/labels.js";

/** Phases in which a validator puts a record on chain before anything is merged. */
type Deciding = Extract<Phase, "evaluate" | "exchange" | "choose">;

const RECORD_OF: Readonly<Record<Deciding, RecordLabel>> = { evaluate: "report", exchange: "held", choose: "ballot" };

/**
 * The window of a phase whose record can still be put on chain. Making a record takes blocks. A record that cannot be
 * in time must not delay other work: that is told to who came when the window had begun, too.
 *
 * @throws BlockZeroError WINDOW_MISSED
 */
export const windowLeft = (participant: Participant, cycle: number, phase: Deciding): BlockRange => {
  const window = phaseWindow(cycle, phase, participant.network.phases);
  if (windowStanding(participant, { record: RECORD_OF[phase], window }) === "open") return window;
  throw new BlockZeroError(
    "WINDOW_MISSED",
    `the ${phase} phase ended at block ${window.end}`,
    "be up when the phase begins: other validators decide this cycle, and where there is none nothing is decided",
  );
};
