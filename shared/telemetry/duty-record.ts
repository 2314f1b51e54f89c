import type { Health } from "./health.js";
import type { Duty } from "./instruments/labels.js";

/** Cycles in a row, each with a failed duty, after which a program counts as unhealthy. */
const MOST_FAILED = 2;

/** Duties that a cycle can do without. */
const OPTIONAL: ReadonlySet<Duty> = new Set([
  "reference",
  "witness",
  "recall",
  "score",
  "sprint",
  "checks",
  "checksheld",
  "settle",
  "duty",
  "answers",
  "close",
  "seal",
  "sealheld",
  "deal",
  "partial",
  "pulse",
  "open",
]);

/** The duties of a program, as far as its health goes. */
export interface DutyRecord {
  /** Whether the program has no part in the network yet, or none any more. */
  readonly isJoining: boolean;
  /** The program has no part in the network yet, or none any more: it does no duties until `joined`. */
  joining(): void;
  /** Its cycles begin. */
  joined(): void;
  /** A duty of the cycle under way failed. */
  failed(duty: Duty, reason: string): void;
  /** A cycle is over. */
  cycleEnded(cycle: number): void;
}

/** A program is unhealthy while it joins, and when duties failed in two cycles in a row, until a cycle passes without. */
export const recordDuties = (health: Health): DutyRecord => {
  let failure: string | null = null;
  let cycles = 0;
  let last = "";
  let isJoining = false;
  health.watch(() => (isJoining ? "joining the subnet" : null));
  health.watch(() => (cycles < MOST_FAILED ? null : `duties failed in the last ${cycles} cycles: ${last}`));
  return {
    get isJoining() {
      return isJoining;
    },
    joining() {
      isJoining = true;
    },
    joined() {
      isJoining = false;
    },
    failed(duty, reason) {
      if (!OPTIONAL.has(duty)) failure ??= reason;
    },
    cycleEnded(cycle) {
      cycles = failure === null ? 0 : cycles + 1;
      last = failure === null ? "" : `cycle ${cycle}: ${failure}`;
      failure = null;
    },
  };
};
