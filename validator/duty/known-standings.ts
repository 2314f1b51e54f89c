import { notAgreedAfter } from "#shared/compute/duty/not-agreed-after.js";
import { reputationRules } from "#shared/compute/duty/rules.js";
import { type ClosedParts, type DutyStanding, dutyStandings, reputationsIn } from "#shared/compute/duty/standing.js";
import { regularSprints } from "#shared/compute/sprint-window.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { withDuty } from "#shared/protocol/sprint.js";
import type { StatedReputation } from "#shared/protocol/stated-reputation.js";
import { newestAgreement, reputationsOf, statedReputations } from "#shared/reputation/agreed-reputations.js";
import type { Validator } from "../context.js";

type Knowing = Pick<Validator, "participant" | "journal">;

/** What a validator knows of duty that counts in a cycle. */
interface KnownDuty {
  /** Hotkey → standing. */
  readonly standings: ReadonlyMap<string, DutyStanding>;
  /** Whether it closed any duty, or knows that one has no tasks. */
  readonly isClosed: boolean;
  /** Whether it knows what validators agreed on, and all duty since. */
  readonly isUpToDate: boolean;
}

const knownDuty = async ({ participant, journal }: Knowing, cycle: number): Promise<KnownDuty | undefined> => {
  const rules = withDuty(participant.network.sprint)?.duty;
  if (!rules) return undefined;
  const source = cycleSource(participant);
  const before = await regularSprints(source, cycle);
  const settled = (past: { readonly cycle: number }) => journal.value.sprints.find((one) => one.cycle === past.cycle);
  const known = before.map(settled);
  const agreement = newestAgreement(known);
  const after = notAgreedAfter(before, known);
  const due = (await regularSprints(source, cycle - 1)).filter(({ sprint }) => withDuty(sprint));
  // As `readDuty` closes it: that of a Sprint of which nobody can be heard needs no document, so who was away knows it as well.
  const closedIn = (past: { readonly cycle: number }): ClosedParts | undefined =>
    settled(past)?.reputations === null
      ? { cycle: past.cycle, parts: [] }
      : journal.value.duties.find((one) => one.cycle === past.cycle);
  const closed = due.flatMap((past) => closedIn(past) ?? []);
  const agreed = reputationsOf(agreement?.reputations ?? []);
  return {
    standings: dutyStandings({ agreed, closed, after, rules: reputationRules(rules) }),
    isClosed: closed.length > 0,
    isUpToDate:
      (agreement !== undefined || !known.includes(undefined)) &&
      due.every((past) => past.cycle <= after || closed.some((one) => one.cycle === past.cycle)),
  };
};

/**
 * Hotkey → standing for a cycle's pay, from the duty that this validator closed, or that has no tasks: of the Sprints up to two cycles before.
 * Undefined if it knows none of them.
 */
export const knownStandings = async (
  knowing: Knowing,
  cycle: number,
): Promise<ReadonlyMap<string, DutyStanding> | undefined> => {
  const known = await knownDuty(knowing, cycle);
  return known?.isClosed ? known.standings : undefined;
};

/**
 * What a validator states in its checks of a Sprint. Undefined if the network has no duty, or if this validator lacks the agreed reputations or a
 * duty since.
 */
export const reputationsToState = async (
  knowing: Knowing,
  cycle: number,
): Promise<readonly StatedReputation[] | undefined> => {
  const known = await knownDuty(knowing, cycle);
  return known?.isUpToDate ? statedReputations(reputationsIn(known.standings)) : undefined;
};
