import { type SettledTask, type SettlementInputs, settle } from "#shared/settlement/settle.js";
import type { DutyResult } from "./duty-round.js";
import type { Member } from "./member.js";
import type { ComputeRules } from "./rule-sets.js";
import { type Delivery, deliveredWork, dueAt } from "./rules/delayed-pay.js";

/** An epoch that is to be settled. */
export interface OpenEpoch {
  readonly members: readonly Member[];
  readonly pot: number;
  /** By member: weight after caps, and whether a false win or verdict was proven. */
  readonly weights: readonly number[];
  readonly isFraud: readonly boolean[];
  readonly duty: DutyResult | null;
}

/** Parts of a unit of work, so that a host's requests can share it. */
const FINE = 1000;

/** What an epoch's pot is shared by. */
const inputsOf = (
  { members, pot, weights, isFraud, duty }: OpenEpoch,
  { delivery }: ComputeRules,
  isFraudSince: readonly boolean[],
): SettlementInputs => {
  const deliveries = members.map(
    ({ hotkey }, i): Delivery => ({
      hotkey,
      weight: weights[i]!,
      asked: duty?.asked[i] ?? 0,
      answered: duty?.answered[i] ?? 0,
      revenue: duty?.answered[i] ?? 0,
    }),
  );
  const delivered = delivery === null ? null : deliveredWork(deliveries, delivery);
  return {
    pot: BigInt(pot),
    tasks: members.flatMap(({ hotkey }, i) => {
      const work = delivered?.get(hotkey) ?? weights[i]!;
      const requests = duty?.verifiers[i] ?? [[]];
      return requests.map((verifiers, request): SettledTask => {
        const verdict = isFraud[i] ? "invalid" : verifiers.length > 0 ? "valid" : "unchecked";
        const source = { work: BigInt(Math.floor((work * FINE) / requests.length)) };
        return { id: `${hotkey} ${request}`, executor: hotkey, source, verdict, verifiers };
      });
    }),
    hosts: members.map(({ hotkey }, i) => ({
      hotkey,
      isFraud: isFraudSince[i]!,
      assigned: 0,
      done: 0,
      missRate: duty?.missRates[i] ?? 0,
    })),
  };
};

/**
 * The pay of the epoch that is due at the end of the last one given, by member. Null while none is. What was proven against a hotkey since
 * takes its pay.
 */
export const payDue = (epochs: readonly OpenEpoch[], rules: ComputeRules): readonly number[] | null => {
  const due = dueAt(epochs.length - 1, rules.delivery ?? { delay: 0 });
  if (due === null) return null;
  const open = epochs[due]!;
  const since = open.members.map((_, i) => epochs.slice(due).some(({ isFraud }) => isFraud[i]));
  const { pays } = settle(inputsOf(open, rules, since));
  const paid = new Map(pays.map(({ hotkey, paid: amount }) => [hotkey, Number(amount)]));
  return open.members.map(({ hotkey }) => paid.get(hotkey) ?? 0);
};
