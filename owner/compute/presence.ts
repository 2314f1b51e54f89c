import type { HostKind } from "./kinds.js";
import type { ComputeRules } from "./rule-sets.js";
import type { ComputeScenario } from "./scenario.js";
import type { ProofWindow } from "./timeline.js";

/** A machine in a window, in seconds. */
export interface Stay {
  /** In which it can prove and the window counts: in its first third, and in all. */
  readonly early: number;
  readonly proving: number;
  /** For which it is held, with what it takes to start and load. */
  readonly held: number;
}

/**
 * A machine's stay in a window. What is not always there comes in time for an announced window, and is loaded when it begins; to a
 * confirmation it comes when it is triggered.
 */
export const stayIn = (kind: HostKind, { isAnnounced, counted, end }: ProofWindow): Stay => {
  const late = kind.boot + kind.load;
  const ready = kind.presence === "always" || isAnnounced ? 0 : late;
  const proving = Math.max(0, end - Math.max(counted, ready));
  const third = counted + (end - counted) / 3;
  return {
    early: Math.max(0, third - Math.max(counted, ready)),
    proving,
    held: end + (isAnnounced ? late : 0),
  };
};

/**
 * A machine's stay in an epoch of continuous proofs: what is not always there comes once, for as long as a usual window. Longer stays cost and
 * earn in proportion.
 */
export const stayInEpoch = (kind: HostKind, { epoch, window }: ComputeScenario): Stay => {
  if (kind.presence === "always") return { early: epoch / 3, proving: epoch, held: epoch };
  return { early: window / 3, proving: window, held: window + kind.boot + kind.load };
};

/** Seconds for which a machine is held in an epoch. */
export const heldIn = (
  kind: HostKind,
  rules: ComputeRules,
  scenario: ComputeScenario,
  stays: readonly Stay[],
): number =>
  kind.presence === "always" && rules.proofs === "windows"
    ? scenario.epoch
    : stays.reduce((sum, { held }) => sum + held, 0);
