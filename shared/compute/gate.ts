import type { Sprint } from "#shared/protocol/sprint.js";
import type { PayParts } from "#shared/rewards/cycle-weights.js";
import type { Confirmed } from "./confirmed.js";
import { type DutyStanding, paidBy } from "./duty/standing.js";
import { shareWithVerifiers } from "./duty/verifiers-share.js";

/** Hotkey → the part of its Proof-of-Loss pay that a miner gets, from 0 to 1. */
export type PayGate = (hotkey: string) => number;

/** What pay depends on beside scores. Undefined: no Sprint is settled yet, or no duty closed. */
export interface PayFacts {
  readonly confirmed: ReadonlyMap<string, Pick<Confirmed, "weight">> | undefined;
  readonly standings: ReadonlyMap<string, DutyStanding> | undefined;
}

/** The gate on miners' pay, and what verifiers get of it. */
export const payParts = (
  sprint: Pick<Sprint, "required" | "duty"> | undefined,
  facts: PayFacts,
): Pick<PayParts, "gate" | "divide"> => {
  const { duty } = sprint ?? {};
  const { standings } = facts;
  const isDivided = duty?.verifiers !== undefined && standings !== undefined;
  return {
    gate: payGate(sprint, facts),
    divide: isDivided ? (earned) => shareWithVerifiers(earned, { duty }, standings) : undefined,
  };
};

/**
 * The part of its pay that a miner gets: min(1, confirmed / required), where the network file requires a weight, times what its duty leaves it, where
 * the file has duty. Undefined where pay depends on neither, or nothing is known of them yet.
 */
export const payGate = (
  sprint: Pick<Sprint, "required" | "duty"> | undefined,
  { confirmed, standings }: PayFacts,
): PayGate | undefined => {
  const { required, duty } = sprint ?? {};
  const byWeight: PayGate | undefined =
    required === undefined || !confirmed
      ? undefined
      : (hotkey) => Math.min(1, (confirmed.get(hotkey)?.weight ?? 0) / required);
  const byDuty: PayGate | undefined =
    duty === undefined || !standings ? undefined : (hotkey) => paidBy({ duty }, standings.get(hotkey));
  if (!byWeight || !byDuty) return byWeight ?? byDuty;
  return (hotkey) => byWeight(hotkey) * byDuty(hotkey);
};
