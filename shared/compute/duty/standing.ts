import { dutyCredit } from "#shared/duty/duty-credit.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { changedReputations, type Reputations } from "#shared/reputation/agreed-reputations.js";
import {
  NEWCOMER,
  type Reputation,
  type ReputationChange,
  type ReputationRules,
} from "#shared/reputation/reputation.js";
import type { ClosedCycle } from "#shared/settlement/close-cycle.js";
import { type CloseInputs, tasksDone, weightsByKind } from "#shared/settlement/cycle-inputs.js";
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
  /** Of its tasks those that members checked and found valid, and of its own duties those with a verdict that stands. */
  readonly checked: number;
  readonly verified: number;
  /** What these count in verifiers' pay, in millionths of a duty: `dutyCredit`. */
  readonly credit: number;
  /** Part of what it earned in the Sprint that settlement released, in millionths. */
  readonly released: number;
}

/** A Sprint whose duty is closed. */
export interface ClosedParts {
  readonly cycle: number;
  readonly parts: readonly DutyPart[];
}

/** A host's standing in a cycle. */
export interface DutyStanding {
  /** As validators agreed, and what Sprints closed since changed. */
  readonly reputation: Reputation;
  /** What the last of these Sprints changed. Undefined if none was closed since. */
  readonly change: (ReputationChange & { readonly before: Reputation; readonly isFraud: boolean }) | undefined;
  /** What the newest closed Sprint showed. Undefined if it had no part in it. */
  readonly newest: DutyPart | undefined;
}

/** Of every host that had tasks or duty, by ascending hotkey. */
export const dutyParts = (
  { tasks, members }: Pick<CloseInputs, "tasks" | "members">,
  {
    settlement,
    assessments,
    verdicts,
    frauds,
    targets,
  }: Pick<ClosedCycle, "settlement" | "assessments" | "verdicts" | "frauds" | "targets">,
): readonly DutyPart[] => {
  const done = tasksDone(tasks);
  const checked = new Map<string, number>();
  const verified = new Map<string, number>();
  const credit = new Map<string, number>();
  const weightsOf = weightsByKind(members);
  const count = (counts: Map<string, number>, hotkey: string, more = 1) =>
    counts.set(hotkey, (counts.get(hotkey) ?? 0) + more);
  for (const { task } of tasks) {
    const { verdict, verifiers } = verdicts.get(task.id)!;
    if (verdict === "valid" && verifiers.length > 0) count(checked, task.executor);
    if (verdict === "undecided") continue;
    for (const verifier of verifiers) {
      count(verified, verifier);
      const { executor, kind } = task;
      count(credit, verifier, dutyCredit(targets.get(executor)!, verifier, executor, weightsOf(kind)));
    }
  }
  return settlement.pays
    .filter(({ hotkey }) => done.has(hotkey) || assessments.has(hotkey))
    .map(({ hotkey, workShare, validationShare }) => {
      const { duties = 0, missed = 0, missRate = 0 } = assessments.get(hotkey) ?? {};
      const isFraud = frauds.has(hotkey);
      const released = isFraud ? 0 : Math.floor((workShare * validationShare) / MILLION);
      return {
        hotkey,
        tasks: done.get(hotkey) ?? 0,
        duties,
        missed,
        missRate,
        isFraud,
        released,
        checked: checked.get(hotkey) ?? 0,
        verified: verified.get(hotkey) ?? 0,
        credit: credit.get(hotkey) ?? 0,
      };
    });
};

interface StandingInputs {
  /** What validators agreed on in the newest Sprint before the cycle that agreed on any. */
  readonly agreed: Reputations;
  /** Closed Sprints, ascending. */
  readonly closed: readonly ClosedParts[];
  /** Those of cycles above this are not in `agreed`. */
  readonly after: number;
  readonly rules: ReputationRules;
}

/** Hotkey → standing. */
export const dutyStandings = ({ agreed, closed, after, rules }: StandingInputs): ReadonlyMap<string, DutyStanding> => {
  const byHotkey = (parts: readonly DutyPart[]) => new Map(parts.map((part) => [part.hotkey, part]));
  const newest = byHotkey(closed.at(-1)?.parts ?? []);
  let reputations = agreed;
  let changes = new Map<string, NonNullable<DutyStanding["change"]>>();
  for (const { parts } of closed.filter(({ cycle }) => cycle > after)) {
    const shown = byHotkey(parts);
    const before = reputations;
    changes = new Map(
      [...changedReputations(before, shown, rules)].map(([hotkey, change]) => [
        hotkey,
        { ...change, before: before.get(hotkey) ?? NEWCOMER, isFraud: shown.get(hotkey)?.isFraud ?? false },
      ]),
    );
    reputations = new Map([...changes].map(([hotkey, { after: next }]) => [hotkey, next]));
  }
  return new Map(
    [...new Set([...reputations.keys(), ...newest.keys()])].sort().map((hotkey) => [
      hotkey,
      {
        reputation: reputations.get(hotkey) ?? NEWCOMER,
        change: changes.get(hotkey),
        newest: newest.get(hotkey),
      },
    ]),
  );
};

/** Hotkey → reputation by standings. */
export const reputationsIn = (standings: ReadonlyMap<string, DutyStanding>): Reputations =>
  new Map([...standings].map(([hotkey, { reputation }]) => [hotkey, reputation]));

/** The part of its pay that a standing leaves a host, from 1 − cut to 1. */
export const paidBy = (
  { duty }: Pick<SprintWithDuty, "duty">,
  standing: Pick<DutyStanding, "newest"> | undefined,
): number => (MILLION - duty.cut * (MILLION - (standing?.newest?.released ?? MILLION))) / MILLION;
