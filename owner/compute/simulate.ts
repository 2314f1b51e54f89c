import { createRandom } from "#shared/data/random.js";
import { nextReputation } from "#shared/reputation/reputation.js";
import { capWeights } from "#shared/sprint/proof/cap-weights.js";
import { sprintWeight } from "#shared/sprint/proof/sprint-weight.js";
import { dutyEpoch } from "./duty-round.js";
import { MODEL_UNITS, UNIT_SPEED } from "./kinds.js";
import { type Member, membersOf } from "./member.js";
import { type OpenEpoch, payDue } from "./pay-round.js";
import { heldIn, type Stay } from "./presence.js";
import type { ComputeRules } from "./rule-sets.js";
import { isBarred } from "./rules/early-share.js";
import { capModels } from "./rules/model-caps.js";
import type { ComputeScenario } from "./scenario.js";
import { proveEpoch } from "./windows-round.js";

/** What an epoch came to, by member unless it says otherwise. */
export interface EpochResult {
  /** Weight before caps, in nonces. */
  readonly weights: readonly number[];
  readonly isFraud: readonly boolean[];
  readonly isBarred: readonly boolean[];
  /** Share of duties missed, in millionths. */
  readonly missRates: readonly number[];
  /** Seconds for which its machine was held, and in which that proved; of a machine of several hotkeys, their part. */
  readonly held: readonly number[];
  readonly proving: readonly number[];
  /** Seconds of one unit of hardware that verifiers spent. */
  readonly verification: number;
}

export interface RulesRun {
  readonly rules: ComputeRules;
  readonly members: readonly Member[];
  readonly epochs: readonly EpochResult[];
  /** By settled epoch and member, in the smallest unit. */
  readonly pays: readonly (readonly number[])[];
  /** Seconds that a window counts. */
  readonly counted: number;
}

/** Lives through epochs under one set of rules. The same arguments give the same run. */
export const simulateRules = (
  rules: ComputeRules,
  scenario: ComputeScenario,
  { epochs: count, seed }: { readonly epochs: number; readonly seed: number },
): RulesRun => {
  const random = createRandom(`compute ${rules.id} ${seed}`);
  const counted = rules.grace + rules.window - Math.max(rules.grace, rules.secondSeed);
  const unit = UNIT_SPEED * counted;
  const members = membersOf(scenario.kinds, counted);
  const open: OpenEpoch[] = [];
  const epochs: EpochResult[] = [];
  const pays: (readonly number[])[] = [];
  for (let at = 0; at < count; at++) {
    const proven = proveEpoch({ rules, scenario, members, seed, at, random });
    const weights = members.map((member, i) => {
      if (proven.confirmations[i]!.length > 0) member.confirmations = proven.confirmations[i]!;
      const { history, confirmations } = member;
      return sprintWeight({ measured: proven.measured[i]!, history, confirmations }).weight;
    });
    const capped = capped25(members, rules.delivery === null ? weights : byModel(members, weights, unit));
    const duty =
      rules.delivery === null ? null : dutyEpoch({ scenario, members, weights: capped, unit, seed, at, random });
    const isFraud = members.map((_, i) => proven.isFraud[i]! || (duty?.isFraud[i] ?? false));
    open.push({ members, pot: scenario.pot, weights: capped, isFraud, duty });
    const paid = payDue(open, rules);
    if (paid !== null) pays.push(paid);
    epochs.push({
      weights,
      isFraud,
      isBarred: members.map(({ early }) => rules.earlyGuard && isBarred(early)),
      missRates: duty?.missRates ?? members.map(() => 0),
      held: ofMachines(members, proven.stays, (member, stays) => heldIn(member.kind, rules, scenario, stays)),
      proving: ofMachines(members, proven.stays, (_, stays) => stays.reduce((sum, { proving }) => sum + proving, 0)),
      verification: proven.verification,
    });
    for (const [i, member] of members.entries()) {
      member.voting = weights[i]!;
      member.history = [...member.history, weights[i]!].slice(-3);
      if (duty === null) continue;
      const { answered, duties, missed, missRates } = duty;
      const cycle = {
        tasks: answered[i]!,
        isFraud: isFraud[i]!,
        duties: duties[i]!,
        missed: missed[i]!,
        missRate: missRates[i]!,
      };
      member.reputation = nextReputation(member.reputation, cycle).after;
    }
  }
  return { rules, members, epochs, pays, counted };
};

const ofMachines = (
  members: readonly Member[],
  stays: readonly (readonly Stay[])[],
  of: (member: Member, stays: readonly Stay[]) => number,
): readonly number[] => members.map((member, i) => of(member, stays[i]!) / member.kind.identities);

/** No hotkey above a quarter of what is paid. */
const capped25 = (members: readonly Member[], weights: readonly number[]): readonly number[] => {
  const capped = capWeights(new Map(members.map(({ hotkey }, i) => [hotkey, weights[i]!])));
  return members.map(({ hotkey }) => capped.get(hotkey) ?? 0);
};

/** No hotkey above its model's cap. */
const byModel = (members: readonly Member[], weights: readonly number[], unit: number): readonly number[] => {
  const caps = new Map([...MODEL_UNITS].map(([model, units]) => [model as string, Math.floor(units * unit)]));
  return members.map(({ kind: { model } }, i) => {
    const { weights: left } = capModels([{ model, weight: weights[i]! }], caps);
    return left.reduce((sum, { weight }) => sum + weight, 0);
  });
};
