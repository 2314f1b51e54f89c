import { SPRINT_WINDOW } from "#shared/protocol/sprint.js";
import { type Bound, sprintWeight } from "#shared/sprint/proof/sprint-weight.js";
import { settledWeight } from "#shared/sprint/proof/votes.js";
import type { SprintOutcome } from "./outcome.js";
import { type IdleRules, type Upheld, upheldWeight } from "./upheld.js";

/** What a settled Sprint contributes to a host's confirmed weight. */
export type SettledPart = Pick<SprintOutcome, "uid" | "hotkey" | "outcome" | "measured" | "low" | "high">;

/** What was settled in a cycle between two Sprints: a confirmation, or, with the rules of it, idle time. */
export interface SettledBetween {
  readonly outcomes: readonly SettledPart[];
  readonly idle?: IdleRules | undefined;
}

/** The confirmed weight of a host, in nonces. */
export interface Confirmed {
  readonly weight: number;
  /**
   * What bounds it: the last Sprint's wins, its growth over the Sprints before, a confirmation, idle time that was not proven, or none, where the
   * last Sprint is not settled as valid.
   */
  readonly bound: Bound | "idle" | "unopposed" | "undecided" | "none";
  /** Where there was idle time since: the weight that it was to uphold, and how it did. */
  readonly idle?: Omit<Upheld, "weight"> & { readonly of: number };
  /** Bounds of the last Sprint's interval. 0 where it is not settled as valid. */
  readonly low: number;
  readonly high: number;
}

const NONE: Confirmed = { weight: 0, bound: "none", low: 0, high: 0 };

/**
 * Hotkey → confirmed weight after Sprints in ascending order, at most `SPRINT_WINDOW`. A valid Sprint gives its measured weight, at most 1.25 times
 * the median of the last three weights above zero; an unopposed one the weight before, an undecided one half of it; an invalid or withheld one, and
 * one that a host of the window did not take part in, none.
 *
 * @param between the last of them and the next, ascending. Each confirmation leaves at most what it measured; where it is undecided, at most half of
 * the weight too; where it was not passed, 0. Windows of idle time then reduce the weight as `upheldWeight` says
 */
export const confirmedWeights = (
  sprints: readonly (readonly SettledPart[])[],
  between: readonly SettledBetween[] = [],
): ReadonlyMap<string, Confirmed> => {
  const window = sprints.slice(-SPRINT_WINDOW);
  const histories = new Map<string, Confirmed[]>();
  for (const outcomes of window) {
    const parts = new Map(outcomes.map((outcome) => [outcome.hotkey, outcome]));
    for (const hotkey of new Set([...histories.keys(), ...parts.keys()])) {
      const history = histories.get(hotkey) ?? [];
      histories.set(hotkey, [...history, nextWeight(parts.get(hotkey), history)]);
    }
  }
  return new Map(
    [...histories].map(([hotkey, history]) => {
      const shown = between.map(({ outcomes, idle }) => ({
        part: outcomes.find((outcome) => outcome.hotkey === hotkey),
        idle,
      }));
      const confirmations = shown.filter(({ idle }) => !idle).map(({ part }) => part);
      const last = boundBy(confirmations, history.at(-1)!);
      if (confirmations.length === shown.length) return [hotkey, last];
      const { weight, ...upheld } = upheldWeight(last.weight, shown);
      const bound = weight < last.weight ? "idle" : last.bound;
      return [hotkey, { ...last, weight, bound, idle: { of: last.weight, ...upheld } }];
    }),
  );
};

/** The weight as far as confirmations bear it out. */
const boundBy = (parts: readonly (SettledPart | undefined)[], last: Confirmed): Confirmed => {
  const bounds = parts.map((part) => {
    if (!part) return 0;
    const { outcome, measured } = part;
    return leavesWeight(outcome) ? settledWeight(outcome, measured, last.weight) : 0;
  });
  const weight = Math.min(last.weight, ...bounds);
  return weight < last.weight ? { ...last, weight, bound: "confirmed" } : last;
};

const leavesWeight = (outcome: SettledPart["outcome"]): outcome is "valid" | "unopposed" | "undecided" =>
  outcome === "valid" || outcome === "unopposed" || outcome === "undecided";

const nextWeight = (part: SettledPart | undefined, history: readonly Confirmed[]): Confirmed => {
  if (!part) return NONE;
  const { outcome, measured, low, high } = part;
  if (!leavesWeight(outcome)) return NONE;
  const last = history.at(-1)?.weight ?? 0;
  const settled = settledWeight(outcome, measured, last);
  if (outcome !== "valid") return { weight: settled, bound: outcome, low: 0, high: 0 };
  const past = history.map(({ weight }) => weight);
  return { ...sprintWeight({ measured: settled, history: past, confirmations: [] }), low, high };
};
