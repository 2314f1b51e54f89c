import type { PlayedSprint, Sprint } from "#shared/protocol/sprint.js";
import { MILLION } from "#shared/util/fraction.js";
import type { SprintOutcome } from "./outcome.js";

export type IdleRules = NonNullable<Sprint["idle"]>;

/** The rules of idle time, if it is what was played. */
export const idleRules = ({ idle, isIdle }: Pick<PlayedSprint, "idle" | "isIdle">): IdleRules | undefined =>
  isIdle ? idle : undefined;

/** What a host showed between two Sprints: in a confirmation, or, with the rules of it, in idle time. */
export interface ShownBetween {
  /** Undefined if it had no part in it. */
  readonly part: Pick<SprintOutcome, "outcome" | "measured"> | undefined;
  readonly idle: IdleRules | undefined;
}

/** What windows of idle time leave of a weight. */
export interface Upheld {
  readonly weight: number;
  /** Windows since it was last upheld in which it was not. */
  readonly missed: number;
  /** Whether a proof of idle time was proven false: nothing is left until the next Sprint. */
  readonly isFalse: boolean;
}

/** Nonces in a window of idle time that uphold a weight: what the weight would give in it, times `least`, rounded down. */
export const neededToUphold = (weight: number, { window, least }: Pick<IdleRules, "window" | "least">): number =>
  Math.floor((weight * Math.round(MILLION * window * least)) / MILLION);

/**
 * What is left of a weight, in integers rounded down: times `keep` for each window since the last in which it was upheld, or since a confirmation was
 * passed. A window that is undecided or unopposed says nothing if what it claims would have upheld the weight: too little is too little, be it true
 * or not. A proof that was proven false leaves nothing.
 *
 * @param shown ascending by cycle
 */
export const upheldWeight = (weight: number, shown: readonly ShownBetween[]): Upheld => {
  const isShown = ({ part, idle }: ShownBetween): boolean =>
    part?.outcome === "valid" && part.measured >= (idle ? neededToUphold(weight, idle) : 1);
  const since = shown.slice(shown.findLastIndex(isShown) + 1);
  let [left, missed] = [weight, 0];
  for (const { part, idle } of since) {
    const isOpen = part?.outcome === "undecided" || part?.outcome === "unopposed";
    if (!idle || (isOpen && part.measured >= neededToUphold(weight, idle))) continue;
    left = Math.floor((left * Math.round(MILLION * idle.keep)) / MILLION);
    missed += 1;
  }
  const isFalse = shown.some(({ part, idle }) => idle && part?.outcome === "invalid");
  return { weight: isFalse ? 0 : left, missed, isFalse };
};

/** A share with the bounds of its 95 % interval. */
export interface Utilisation {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/**
 * What part of its capacity a host used for something else in a window of idle time, or did not have: 1 − nonces / (weight · window), within [0, 1].
 * Null without weight. What else it was nobody can tell.
 *
 * @param shown the nonces that its wins speak for, with the bounds of their interval
 */
export const utilisationOf = (
  weight: number,
  { measured, low, high }: Pick<SprintOutcome, "measured" | "low" | "high">,
  { window }: Pick<IdleRules, "window">,
): Utilisation | null => {
  if (weight === 0) return null;
  const used = (nonces: number) => Math.min(1, Math.max(0, 1 - nonces / (weight * window)));
  return { share: used(measured), low: used(high), high: used(low) };
};
