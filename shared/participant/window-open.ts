import { BlockZeroError } from "#shared/errors/error.js";
import { type BlockRange, isBlockLeft } from "#shared/protocol/phases.js";
import type { RecordLabel } from "#shared/telemetry/instruments/labels.js";
import type { Participant } from "./participant.js";

type Timed = Pick<Participant, "clock" | "since" | "telemetry">;

interface OwnWindow {
  readonly record: RecordLabel;
  readonly window: BlockRange;
  /** Whether it is known that there is a record to write; unset, it is. Otherwise a window that passed is not counted. */
  readonly isOwed?: boolean | undefined;
}

interface RecordDue extends OwnWindow {
  /** What the record says, e.g. `the answers about the Sprint of cycle 7`. */
  readonly name: string;
}

/**
 * How the window of a record stands before its work is begun, which takes blocks. One that is missed is counted. Who came when it had begun has
 * missed nothing by its own fault.
 */
export const windowStanding = (
  { clock, since, telemetry }: Timed,
  { record, window, isOwed = true }: OwnWindow,
): "open" | "missed" | "before us" => {
  if (isBlockLeft(window, clock.head.number)) return "open";
  if (since >= window.start) return "before us";
  if (isOwed) telemetry.instruments.add("blockzero_windows_missed_total", 1, { record });
  return "missed";
};

/**
 * Whether a record can still be put on chain, so that its work is begun. A window that passed meanwhile is told, but not to who came when it had
 * begun.
 *
 * @throws BlockZeroError WINDOW_MISSED
 */
export const isWindowOpen = (participant: Timed, { name, ...own }: RecordDue): boolean => {
  const standing = windowStanding(participant, own);
  if (standing !== "missed") return standing === "open";
  throw new BlockZeroError(
    "WINDOW_MISSED",
    `the window of ${name} ended at block ${own.window.end} before it was begun`,
    "the lines before say what took so long: a machine that is too busy, or an endpoint that did not answer",
  );
};
