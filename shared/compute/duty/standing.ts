import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { NEWCOMER, nextReputation, type Reputation } from "#shared/reputation/reputation.js";
import type { ClosedCycle } from "#shared/settlement/close-cycle.js";
import type { CycleTask } from "#shared/settlement/cycle-inputs.js";
import { tasksDone } from "#shared/settlement/cycle-inputs.js";
import { MILLION } from "#shared/util/fraction.js";

/** What one closed Sprint showed of a host's work and duty: all that reputation and pay need of it. */
export interface DutyPart {
  readonly hotkey: string;
  /** Its tasks, and the duties that it had, did, and missed; `missRate` in millionths. */
  readonly tasks: number;
  readonly duties: number;
  readonly missed: number;
  readonly missRate: number;
  /** A proven false win or verdict. */
  readonly isFraud: boolean;
  /** Part of what it earned in the Sprint that settlement released, in millionths. */
  readonly released: number;
}

/** A host's standing after Sprints. */
export interface DutyStanding {
  readonly reputation: Reputation;
  /** What the newest of them showed. Undefined if it had no part in it. */
  readonly newest: DutyPart | undefined;
}

/** Of every host that had tasks or duty, by ascending hotkey. */
export const dutyParts = (
  tasks: readonly CycleTask[],
  { settlement, assessments, frauds }: Pick<ClosedCycle, "settlement" | "assessments" | "frauds">,
): readonly DutyPart[] => {
  const done = tasksDone(tasks);
  return settlement.pays
    .filter(({ hotkey }) => done.has(hotkey) || assessments.has(hotkey))
    .map(({ hotkey, workShare, validationShare }) => {
      const { duties = 0, missed = 0, missRate = 0 } = assessments.get(hotkey) ?? {};
      const isFraud = frauds.has(hotkey);
      const released = isFraud ? 0 : Math.floor((workShare * validationShare) / MILLION);
      return { hotkey, tasks: done.get(hotkey) ?? 0, duties, missed, missRate, isFraud, released };
    });
};

/** Hotkey → standing after closed Sprints in ascending order. Everybody begins as a newcomer at the first of them. */
export const dutyStandings = (sprints: readonly (readonly DutyPart[])[]): ReadonlyMap<string, DutyStanding> => {
  const standings = new Map<string, DutyStanding>();
  for (const parts of sprints) {
    const byHotkey = new Map(parts.map((part) => [part.hotkey, part]));
    for (const hotkey of new Set([...standings.keys(), ...byHotkey.keys()])) {
      const newest = byHotkey.get(hotkey);
      const before = standings.get(hotkey)?.reputation ?? NEWCOMER;
      const reputation = nextReputation(before, newest ?? NOTHING).after;
      standings.set(hotkey, { reputation, newest });
    }
  }
  return standings;
};

const NOTHING = { tasks: 0, isFraud: false, duties: 0, missed: 0, missRate: 0 };

/** The part of its pay that a standing leaves a host, from 1 − cut to 1. */
export const paidBy = ({ duty }: Pick<SprintWithDuty, "duty">, standing: DutyStanding | undefined): number =>
  (MILLION - duty.cut * (MILLION - (standing?.newest?.released ?? MILLION))) / MILLION;
