import type { Network } from "#shared/protocol/network.js";
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

/** The spans under a network file (docs/compute.md, docs/duty.md). Null without Sprints: what is read then is of the cycle under way, and what is older can be missed. */
export const stateSpans = ({ sprint }: Pick<Network, "sprint">): StateSpans | null => {
  if (sprint === undefined) return null;
  const { every, confirmations, idle } = sprint;
  // A confirmation asks those who committed in the last Sprint, up to `every` - 1 cycles ago, and so does idle time.
  const running = confirmations === undefined && idle === undefined ? RECORDS : Math.max(RECORDS, every);
  return { running, started: SPRINT_WINDOW * every + RECORDS };
};
