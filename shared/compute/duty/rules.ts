import { type AuditRules, DEFAULT_AUDIT, DEFAULT_DUTY, type DutyRules } from "#shared/duty/rules.js";
import type { TaskKind } from "#shared/duty/task.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { DEFAULT_REPUTATION, PAPER_REPUTATION, type ReputationRules } from "#shared/reputation/reputation.js";
import { MILLION } from "#shared/util/fraction.js";

type Duty = SprintWithDuty["duty"];

/** How often a win is checked without reputation: by one member on average, and by everybody where less deters nobody. */
const ALIKE: DutyRules = { volumes: [[1, MILLION]], saving: DEFAULT_DUTY.saving };

/** How often wins are checked: with reputation by the paper's volumes, and never below the floor of deterrence. */
export const dutyRules = ({ reputation }: Pick<Duty, "reputation">): DutyRules =>
  reputation === undefined ? ALIKE : DEFAULT_DUTY;

/** How reputation changes. A Sprint counts as clean with as many tasks as the file draws of a proof, where that is less than the rules ask for. */
export const reputationRules = ({ reputation, tasks }: Pick<Duty, "reputation" | "tasks">): ReputationRules => {
  const rules = reputation === "paper" ? PAPER_REPUTATION : DEFAULT_REPUTATION;
  return { ...rules, leastTasks: Math.min(rules.leastTasks, tasks) };
};

/** How duty is audited: verdicts need evidence where everybody computes the same bits. */
export const auditRules = ({ profile }: Pick<SprintWithDuty, "profile">): AuditRules => ({
  ...DEFAULT_AUDIT,
  evidence: profile === "exact",
});

/** What members can check: the wins of Sprints. */
export const MEMBERS_CHECK: ReadonlySet<TaskKind> = new Set<TaskKind>(["sprint-win"]);

/** Units that a Sprint's settlement shares out. Nobody is paid in them: what a member keeps of its part is what counts. */
export const POT = 1_000_000_000n;
