import { type Confirmed, confirmedWeights } from "#shared/compute/confirmed.js";
import { type PayFacts, type PayGate, payGate, payParts } from "#shared/compute/gate.js";
import { knownDraw } from "#shared/compute/memory/known-draw.js";
import { sprintsBefore } from "#shared/compute/sprint-window.js";
import { idleRules } from "#shared/compute/upheld.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { newestAgreement, type Reputations, reputationsOf } from "#shared/reputation/agreed-reputations.js";
import type { Validator } from "../context.js";
import { knownStandings } from "../duty/known-standings.js";

type Knowing = Pick<Validator, "participant" | "journal">;

/** Confirmed weights for a cycle's pay, from the Sprints that a validator knows. */
interface KnownWindow {
  /** Hotkey → confirmed weight. Undefined if it knows no Sprint. */
  readonly weights: ReadonlyMap<string, Confirmed> | undefined;
  /** What validators agreed on in the newest Sprint that agreed on any. */
  readonly reputations: Reputations;
  /** Whether it knows every Sprint of the window in full. If not, others may have other weights. */
  readonly isWhole: boolean;
}

/** Confirmed weights for a cycle's pay, and whether others have the same. */
export const knownWindow = async ({ participant, journal }: Knowing, cycle: number): Promise<KnownWindow> => {
  const { sprints, confirmations, idle, undrawn } = await sprintsBefore(
    cycleSource(participant),
    cycle,
    knownDraw(journal),
  );
  const of = (past: { readonly cycle: number }) => journal.value.sprints.find((one) => one.cycle === past.cycle);
  const settledIn = (past: typeof sprints) =>
    past.flatMap((one) => {
      const known = of(one);
      return known ? [{ outcomes: known.outcomes, idle: idleRules(one.sprint) }] : [];
    });
  const after = [...confirmations, ...idle].sort((a, b) => a.cycle - b.cycle);
  const partly = [...sprints, ...after].filter((one) => of(one)?.isWhole !== true);
  const unknown = [...partly.map((one) => one.cycle), ...undrawn];
  if (unknown.length > 0)
    participant.log.warn("Sprints that pay depends on are not known in full", { cycle, unknown: unknown.join(" ") });
  const outcomes = settledIn(sprints).map((one) => one.outcomes);
  const newest = sprints.at(-1);
  // Confirmations of a Sprint that is not known say nothing of the one before, nor does idle time after it.
  const between = newest && of(newest) ? settledIn(after) : [];
  const weights = outcomes.length === 0 ? undefined : confirmedWeights(outcomes, between);
  const reputations = reputationsOf(newestAgreement(sprints.map(of))?.reputations ?? []);
  return { weights, reputations, isWhole: unknown.length === 0 };
};

/** Hotkey → confirmed weight for a cycle's pay, from the Sprints that this validator knows. Undefined if it knows none. */
export const knownWeights = async (
  knowing: Knowing,
  cycle: number,
): Promise<ReadonlyMap<string, Confirmed> | undefined> => (await knownWindow(knowing, cycle)).weights;

/** What a cycle's pay depends on by what this validator knows. */
const knownFacts = async (knowing: Knowing, cycle: number): Promise<PayFacts> => {
  const { sprint } = knowing.participant.network;
  return {
    confirmed: sprint?.required === undefined ? undefined : await knownWeights(knowing, cycle),
    standings: sprint?.duty === undefined ? undefined : await knownStandings(knowing, cycle),
  };
};

/** The gate on a cycle's pay by what this validator knows. Undefined where pay does not depend on Sprints or duty. */
export const knownGate = async (knowing: Knowing, cycle: number): Promise<PayGate | undefined> =>
  payGate(knowing.participant.network.sprint, await knownFacts(knowing, cycle));

/** All that a cycle's pay depends on beside the scores, by what this validator knows. */
export const knownPayParts = async (knowing: Knowing, cycle: number): Promise<ReturnType<typeof payParts>> =>
  payParts(knowing.participant.network.sprint, await knownFacts(knowing, cycle));
