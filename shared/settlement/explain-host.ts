import type { DutyAssessment } from "#shared/duty/assess-duty.js";
import type { DutyTarget } from "#shared/duty/target.js";
import { probabilityOf } from "#shared/duty/threshold.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import { NEWCOMER, type Reputation, type ReputationChange, scrutinyOf } from "#shared/reputation/reputation.js";
import { formatMillionths } from "#shared/util/fraction.js";
import type { ClosedCycle } from "./close-cycle.js";
import type { CloseInputs } from "./cycle-inputs.js";
import { eligibleTasks } from "./eligible-tasks.js";
import type { HostPay } from "./settle.js";

/**
 * Why a host has the reputation, duty, weight and pay that it has after a cycle: lines of text, from the values that closed it.
 *
 * @param inputs what the cycle was closed with
 */
export const explainHost = (hotkey: string, inputs: CloseInputs, closed: ClosedCycle): readonly string[] => {
  const change = closed.reputations.get(hotkey);
  if (!change) return [`${hotkey} is no member, did no task in cycle ${inputs.cycle} and has no reputation`];
  return [
    ...explainReputation(inputs.reputations.get(hotkey) ?? NEWCOMER, change, closed.frauds.has(hotkey)),
    ...explainWork(hotkey, inputs, closed),
  ];
};

/** The same without the reputation that it has after the cycle. No lines for who had no part in it. */
export const explainWork = (hotkey: string, inputs: CloseInputs, closed: ClosedCycle): readonly string[] => {
  const pay = closed.settlement.pays.find((each) => each.hotkey === hotkey);
  if (!pay) return [];
  const assessment = closed.assessments.get(hotkey);
  return [
    explainScrutiny(closed.targets.get(hotkey)),
    explainWeight(hotkey, inputs),
    ...(assessment ? explainDuty(hotkey, assessment, inputs) : []),
    ...explainTasks(hotkey, inputs, closed),
    ...explainPay(pay),
  ];
};

/** What a cycle changed of a reputation, and what follows. */
export const explainReputation = (
  before: Reputation,
  change: ReputationChange,
  isFraud: boolean,
): readonly string[] => {
  const { after, gained, lost, faded } = change;
  const why = isFraud
    ? `a proven fraud takes all of ${formatMillionths(before.value)}`
    : [
        `${formatMillionths(before.value)} before`,
        `${formatMillionths(gained)} gained`,
        `${formatMillionths(lost)} lost for missed duty`,
        ...(faded > 0 ? [`${formatMillionths(faded)} faded after ${after.idle} cycles without a task`] : []),
      ].join(", ");
  return [
    `reputation ${formatMillionths(after.value)}: ${why}; at high volume ${formatMillionths(scrutinyOf(after.value))} verifiers check each of its tasks`,
    explainMisses(after),
  ];
};

/** Whether a host misses too much of its duty. */
export const explainMisses = ({ missTest: test }: Reputation): string =>
  `missed duty over cycles: ${test.isNegligent ? "more than chance explains, so its work is checked as a newcomer's" : "no more than chance explains"} (log-likelihood ratio ${formatMillionths(test.ratio)})`;

const explainScrutiny = (target: DutyTarget | undefined): string => {
  if (!target) return "checked: it did no task";
  const { target: expected, least, byReputation, floor, isEverybody } = target;
  const why = `${formatMillionths(byReputation)} by reputation, of which ${formatMillionths(least)} by volume; floor of deterrence ${formatMillionths(floor)}`;
  return isEverybody
    ? `checked: each of its tasks by everybody (${why})`
    : `checked: each of its tasks by ${formatMillionths(expected)} verifiers on average (${why})`;
};

const explainWeight = (hotkey: string, { members }: CloseInputs): string => {
  const total = sumStake(members.map(({ weight }) => weight));
  const own = members.find((member) => member.hotkey === hotkey)?.weight ?? 0n;
  return `weight ${own} of ${total}, fixed before the beacon`;
};

const explainDuty = (
  hotkey: string,
  { done, abstained, unfounded, unclaimed, asked, unanswered, found, missed, duties, missRate }: DutyAssessment,
  inputs: CloseInputs,
): readonly string[] => {
  const eligible = eligibleTasks(inputs)(hotkey);
  const expected = probabilityOf(sumStake(eligible.map(({ threshold }) => threshold)));
  const chance = eligible.length === 0 ? 0 : Math.floor(expected / eligible.length);
  return [
    `duty: probability ${formatMillionths(chance)} a task on average, ${formatMillionths(expected)} of ${eligible.length} tasks expected`,
    `duty: ${done.length} done, ${abstained} abstained, ${missed} missed of ${duties} (${formatMillionths(missRate)})${unfounded > 0 ? `; ${unfounded} claims prove nothing` : ""}`,
    `duty: of ${unclaimed} tasks that it did not claim ${asked} were asked for: ${unanswered} not answered, ${found} it was on duty for`,
  ];
};

const explainTasks = (hotkey: string, { tasks }: CloseInputs, { verdicts }: ClosedCycle): readonly string[] => {
  const own = tasks.filter(({ task }) => task.executor === hotkey).map(({ task }) => verdicts.get(task.id)!.verdict);
  const count = (verdict: string) => own.filter((each) => each === verdict).length;
  const lies = [...verdicts].filter(([, { liars }]) => liars.includes(hotkey)).map(([id]) => id);
  return [
    `tasks: ${own.length} done, ${count("valid")} found valid, ${count("unchecked")} unchecked, ${count("undecided")} undecided, ${count("invalid")} invalid`,
    ...lies.map((id) => `its verdict on task ${id}, or the evidence for it, is refuted by recomputation`),
  ];
};

const explainPay = (pay: HostPay): readonly string[] => {
  const held = pay.asExecutor + pay.asVerifier;
  const why = pay.isFraud
    ? "a fraud forfeits the cycle's pay"
    : `work share ${formatMillionths(pay.workShare)}, validation share ${formatMillionths(pay.validationShare)}`;
  return [
    `held ${held}: ${pay.asExecutor} as executor, ${pay.asVerifier} as verifier`,
    `paid ${pay.paid}: ${held - pay.forfeited} released (${why}), ${pay.forfeited} forfeited, ${pay.bounty} bounty`,
  ];
};
