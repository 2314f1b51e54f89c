import { BlockZeroError } from "#shared/errors/error.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import type { RecordLabel } from "#shared/telemetry/instruments/labels.js";
import type { Participant } from "./participant.js";

interface RecordDue {
  readonly record: RecordLabel;
  readonly window: BlockRange;
  /** What the record says, e.g. `the answers about the Sprint of cycle 7`. */
  readonly name: string;
  /** Whether it is known that there is one to write; unset, it is. Otherwise a window that passed is told, but not counted. */
  readonly isOwed?: boolean;
}

/**
 * Whether a record can still be put on chain, so that its work is begun. A window that passed meanwhile is told and counted, but not to who came when it
 * had begun.
 *
 * @throws BlockZeroError WINDOW_MISSED
 */
export const isWindowOpen = (
  { clock, since, telemetry }: Pick<Participant, "clock" | "since" | "telemetry">,
  { record, window, name, isOwed = true }: RecordDue,
): boolean => {
  if (clock.head.number < window.end - 1) return true;
  if (since >= window.start) return false;
  if (isOwed) telemetry.instruments.add("blockzero_windows_missed_total", 1, { record });
  throw new BlockZeroError(
    "WINDOW_MISSED",
    `the window of ${name} ended at block ${window.end} before it was begun`,
    "the lines before say what took so long: a machine that is too busy, or an endpoint that did not answer",
  );
};
