import { membersBy } from "#shared/compute/duty/duty-inputs.js";
import { type DutyResult, readDuty } from "#shared/compute/duty/read-duty.js";
import { reputationRules } from "#shared/compute/duty/rules.js";
import { paidBy, reputationsIn } from "#shared/compute/duty/standing.js";
import { processor } from "#shared/compute/processor.js";
import { readPayWindow } from "#shared/compute/read-pay-window.js";
import { readSprint, type SprintResult } from "#shared/compute/read-sprint.js";
import { withRecomputer } from "#shared/compute/recomputer.js";
import { SPRINT_WINDOW, sprintOf, withDuty } from "#shared/protocol/sprint.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { CycleSource } from "#shared/replay/source.js";
import { formatMillionths } from "#shared/util/fraction.js";
import { percent } from "#shared/util/percent.js";
import type { AuditedCycle } from "./audit-sprint.js";
import { compareStated } from "./compare-stated.js";
import type { Findings } from "./findings.js";

/** Sprints and duty that earlier cycles of an audit read. */
export interface DutyAudits {
  readonly known: Map<number, SprintResult>;
  readonly knownDuty: Map<number, DutyResult>;
}

/**
 * Closes the duty of a cycle's Sprint again, from the members' documents, and says what each host did and what follows for its pay. Reputations that
 * validators stated in their checks of the Sprint are compared with those that were agreed on before it and one step by the duty closed since.
 */
export const auditDuty = async (
  source: CycleSource,
  { cycle, head, memory, signal }: AuditedCycle & { readonly memory: DutyAudits },
  findings: Findings,
): Promise<void> => {
  const sprint = withDuty(sprintOf(source.network, cycle));
  if (!sprint) return;
  if (head < lastBlockFor("answers", cycle, source))
    return findings.note("the duty of the cycle's Sprint is not closed yet");
  const reading = { arithmetic: () => processor(), ...memory, signal };
  for (const read of [memory.known, memory.knownDuty])
    for (const past of read.keys()) if (past < cycle - 2 * SPRINT_WINDOW * sprint.every) read.delete(past);
  const { confirmed, reputations, unknown, duty } = await readPayWindow(source, cycle, reading);
  await withRecomputer(source, { sprint, cycle, arithmetic: reading.arithmetic, signal }, async (recomputer) => {
    const settled = memory.known.get(cycle) ?? (await readSprint(source, { cycle, sprint, recomputer }));
    if (unknown.length > 0 || duty.unknown.length > 0)
      findings.note("reputations that validators stated were not compared: earlier Sprints cannot be read in full");
    else
      await compareStated(
        settled,
        {
          agreed: reputations,
          expected: duty.standings ? reputationsIn(duty.standings) : reputations,
          closed: duty.results,
          after: duty.after,
          rules: reputationRules(sprint.duty),
        },
        findings,
      );
    const members = membersBy(confirmed, sprint);
    const result = await readDuty(source, { cycle, sprint, members, reputations, recomputer });
    if (!result.isWhole)
      findings.note("not all documents of the Sprint's duty can be had: others may have closed it otherwise");
    for (const [hotkey, problem] of result.problems)
      findings.note(`duty: documents of ${hotkey} do not count: ${problem}`);
    for (const part of result.parts) {
      const { hotkey, tasks, checked, verified, duties, missed, isFraud } = part;
      const reputation = formatMillionths(reputations.get(hotkey)?.value ?? 0);
      findings.note(
        `duty: ${hotkey} did ${duties - missed} of ${duties}, had ${tasks} tasks, checked by a reputation of ${reputation}, ${checked} found valid; ${verified} of its verdicts stand${isFraud ? ", a fraud is proven" : ""}: ${percent(paidBy(sprint, { newest: part }))} of its pay`,
      );
    }
  });
};
