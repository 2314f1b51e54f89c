import type { Network } from "#shared/protocol/network.js";
import { cycleLength, phaseWindow } from "#shared/protocol/phases.js";
import { SPRINT_WINDOW } from "#shared/protocol/sprint.js";

/** How many cycles back a program reads the chain's state. */
export interface StateSpans {
  /** In each cycle. */
  readonly running: number;
  /** Once after it was started: what it reads then it remembers. */
  readonly started: number;
}

/** Records of a Sprint and of its duty stand from its commit phase to the duty phase of the cycle after: 1.4 cycles. */
const RECORDS = 2;

/** The spans under a network file (docs/compute.md, docs/duty.md). Null without Sprints: then see `cycleSpans`. */
export const stateSpans = ({ sprint }: Pick<Network, "sprint">): StateSpans | null => {
  if (sprint === undefined) return null;
  const { every, confirmations, idle } = sprint;
  // A confirmation asks those who committed in the last Sprint, up to `every` - 1 cycles ago, and so does idle time.
  const running = confirmations === undefined && idle === undefined ? RECORDS : Math.max(RECORDS, every);
  return { running, started: SPRINT_WINDOW * every + RECORDS };
};

/** How many blocks back the state of a cycle is read, whatever the network file says of Sprints. */
export const cycleSpans = ({
  phases,
}: Pick<Network, "phases">): {
  /** From the end of a merge to the cycle's commitments. */
  readonly merge: number;
  /** From the end of a cycle to the block that decides which model it starts from: read once, by who starts late in a cycle or has been away. */
  readonly base: number;
} => ({
  merge: phaseWindow(0, "merge", phases).end - phaseWindow(0, "commit", phases).end,
  base: cycleLength(phases) - phaseWindow(0, "distribute", phases).end,
});
