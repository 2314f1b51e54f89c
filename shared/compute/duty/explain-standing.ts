import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { NEWCOMER } from "#shared/reputation/reputation.js";
import { explainMisses, explainReputation } from "#shared/settlement/explain-host.js";
import { formatMillionths } from "#shared/util/fraction.js";
import { percent } from "#shared/util/percent.js";
import type { DutyPart, DutyStanding } from "./standing.js";

/**
 * Why a host has the reputation that it has, and what it decides, and what it gives to verifiers and gets as one: lines of text.
 *
 * @param parts of the newest closed Sprint
 */
export const explainStanding = (
  standing: DutyStanding | undefined,
  { duty }: Pick<SprintWithDuty, "duty">,
  parts: readonly DutyPart[],
): readonly string[] => {
  const { reputation = NEWCOMER, change } = standing ?? {};
  const agreed = formatMillionths((change?.before ?? reputation).value);
  return [
    `validators agreed on a reputation of ${agreed}${duty.reputation === undefined ? "; the network file lets it decide nothing" : ""}`,
    ...(change ? explainReputation(change.before, change, change.isFraud) : [explainMisses(reputation)]),
    ...(standing?.newest && duty.verifiers !== undefined
      ? [explainVerifiers(standing.newest, duty.verifiers, parts)]
      : []),
  ];
};

const explainVerifiers = (
  { tasks, checked, verified, credit }: DutyPart,
  share: number,
  parts: readonly DutyPart[],
): string => {
  const all = parts.reduce((sum, part) => sum + part.credit, 0);
  const given = tasks === 0 ? 0 : (share * checked) / tasks;
  return `${checked} of its ${tasks} tasks were checked and found valid, so ${percent(given)} of its pay goes to verifiers; its own ${verified} duties with a verdict that stands give it ${percent(all === 0 ? 0 : credit / all)} of what they get`;
};
