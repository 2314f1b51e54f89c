import type { Confirmed } from "#shared/compute/confirmed.js";
import { explainStanding } from "#shared/compute/duty/explain-standing.js";
import { paidBy } from "#shared/compute/duty/standing.js";
import { payGate } from "#shared/compute/gate.js";
import { entryOn, type SprintOutcome } from "#shared/compute/outcome.js";
import type { PayWindow } from "#shared/compute/read-pay-window.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import { idleRules, neededToUphold, type Utilisation, utilisationOf } from "#shared/compute/upheld.js";
import type { CheckEntry } from "#shared/protocol/checks.js";
import type { Network } from "#shared/protocol/network.js";
import { type Sprint, withDuty } from "#shared/protocol/sprint.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import { explainWork } from "#shared/settlement/explain-host.js";

/** What one validator said of a proof. */
export interface SprintOpinion {
  readonly hotkey: string;
  /** Share of the voting stake. */
  readonly stakeShare: number;
  /** Why it said nothing that counts. Null if it did. */
  readonly silence: string | null;
  /** Whether its checks are unheard. */
  readonly isUnheard: boolean;
  readonly entry: CheckEntry | null;
}

/** A miner's Sprints, and what follows for its pay in a cycle. Weights are in nonces. */
export interface SprintFacts {
  /** The arithmetic of the last Sprint. */
  readonly profile: Sprint["profile"];
  /** Nonces with which pay is whole. Null if pay does not depend on them. */
  readonly required: number | null;
  /** Null if no Sprint is settled. */
  readonly confirmed: Confirmed | null;
  /** Part of its pay that its confirmed weight leaves it. 1 where pay does not depend on it. */
  readonly part: number;
  /** Ascending by cycle. `outcome` is null where it did not enter. */
  readonly sprints: readonly { readonly cycle: number; readonly outcome: SprintOutcome | null }[];
  /** The confirmations of the last of them, ascending. `outcome` is null where it was not asked. */
  readonly confirmations: readonly { readonly cycle: number; readonly outcome: SprintOutcome | null }[];
  /** The idle time after it, ascending: as confirmations, with the part of its capacity that it used otherwise, where it proved any. */
  readonly idle: readonly {
    readonly cycle: number;
    readonly outcome: SprintOutcome | null;
    readonly needed: number;
    readonly utilisation: Utilisation | null;
  }[];
  /** What the validators said of its last proof. */
  readonly said: readonly SprintOpinion[];
  /** Cycles whose Sprint cannot be had any more, or not in full. */
  readonly unknown: readonly number[];
  /** The newest Sprint whose duty is closed. Null if there is none, or the network file has no duty. */
  readonly duty: DutyFacts | null;
}

/** What a host did of its duty in a Sprint, and what follows. */
export interface DutyFacts {
  readonly cycle: number;
  /** Why it has the reputation, duty, weight and pay that it has, a line each. */
  readonly why: readonly string[];
  /** Why its documents do not count. Null if they do, or there are none. */
  readonly problem: string | null;
  /** Part of its pay that its duty leaves it. */
  readonly part: number;
  readonly isWhole: boolean;
}

/** What the settled Sprints say of one hotkey. Null where the network has none. */
export const sprintFacts = (
  network: Pick<Network, "sprint">,
  sprints: PayWindow | null,
  { uid, hotkey }: { readonly uid: number; readonly hotkey: string },
): SprintFacts | null => {
  if (!sprints) return null;
  const { results, confirmations, idle, unknown, confirmed } = sprints;
  const outcomeIn = ({ outcomes }: SprintResult) =>
    outcomes.find((one) => one.uid === uid && one.hotkey === hotkey) ?? null;
  const last = results.at(-1);
  return {
    profile: last?.sprint.profile ?? "exact",
    required: network.sprint?.required ?? null,
    confirmed: confirmed ? (confirmed.get(hotkey) ?? { weight: 0, bound: "none", low: 0, high: 0 }) : null,
    part: payGate(network.sprint, { confirmed, standings: undefined })?.(hotkey) ?? 1,
    sprints: results.map((result) => ({ cycle: result.cycle, outcome: outcomeIn(result) })),
    confirmations: confirmations.map((result) => ({ cycle: result.cycle, outcome: outcomeIn(result) })),
    idle: idle.map((result) => {
      const outcome = outcomeIn(result);
      const [weight, rules] = [confirmed?.get(hotkey)?.idle?.of ?? 0, idleRules(result.sprint)!];
      return {
        cycle: result.cycle,
        outcome,
        needed: neededToUphold(weight, rules),
        utilisation: outcome?.outcome === "valid" ? utilisationOf(weight, outcome, rules) : null,
      };
    }),
    said: last && outcomeIn(last)?.proof ? opinionsOn(last, hotkey) : [],
    unknown,
    duty: dutyFacts(network, sprints, hotkey),
  };
};

const dutyFacts = (
  { sprint }: Pick<Network, "sprint">,
  { duty: { results, standings } }: Pick<PayWindow, "duty">,
  hotkey: string,
): DutyFacts | null => {
  const [newest, rules] = [results.at(-1), withDuty(sprint)];
  if (!newest || !rules) return null;
  const { cycle, inputs, closed, parts, problems, isWhole } = newest;
  const standing = standings?.get(hotkey);
  const why = [...explainStanding(standing, rules, parts), ...explainWork(hotkey, inputs, closed)];
  return { cycle, why, problem: problems.get(hotkey) ?? null, part: paidBy(rules, standing), isWhole };
};

const opinionsOn = ({ validators, proofs, stakes }: SprintResult, hotkey: string): readonly SprintOpinion[] => {
  const proof = proofs.find((one) => one.hotkey === hotkey);
  const total = Number(sumStake(stakes.values()));
  return validators.map(({ hotkey: validator, stake, checks, isUnheard, problem }) => {
    const entry = checks && proof ? entryOn(checks, proof) : undefined;
    return {
      hotkey: validator,
      stakeShare: total === 0 ? 0 : Number(stake) / total,
      silence: isUnheard && entry ? null : (problem ?? (entry ? null : "its checks do not name the proof")),
      isUnheard,
      entry: entry ?? null,
    };
  });
};
