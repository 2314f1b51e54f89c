import { SPRINT_WINDOW } from "#shared/compute/confirmed.js";
import { membersBy } from "#shared/compute/duty/duty-inputs.js";
import { type DutyResult, readDuty } from "#shared/compute/duty/read-duty.js";
import { readDutyWindow, reputationsIn } from "#shared/compute/duty/read-duty-window.js";
import { dutyStandings, paidBy } from "#shared/compute/duty/standing.js";
import { createJudge } from "#shared/compute/judge.js";
import { processor } from "#shared/compute/processor.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import { readSprintWindow } from "#shared/compute/read-window.js";
import { sprintOf, withDuty } from "#shared/protocol/sprint.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { CycleSource } from "#shared/replay/source.js";
import { formatMillionths } from "#shared/util/fraction.js";
import { percent } from "#shared/util/percent.js";
import type { Findings } from "./findings.js";

/** Sprints and duty that earlier cycles of an audit read. */
export interface DutyMemory {
  readonly known: Map<number, SprintResult>;
  readonly knownDuty: Map<number, DutyResult>;
}

/** Closes the duty of a cycle's Sprint again, from the members' documents, and says what each host did and what follows for its pay. */
export const auditDuty = async (
  source: CycleSource,
  { cycle, head, memory }: { readonly cycle: number; readonly head: number; readonly memory: DutyMemory },
  findings: Findings,
): Promise<void> => {
  const sprint = withDuty(sprintOf(source.network, cycle));
  if (!sprint) return;
  if (head < lastBlockFor("answers", cycle, source))
    return findings.note("the duty of the cycle's Sprint is not closed yet");
  const reading = { arithmetic: () => processor(), ...memory };
  for (const read of [memory.known, memory.knownDuty])
    for (const past of read.keys()) if (past < cycle - 2 * SPRINT_WINDOW * sprint.every) read.delete(past);
  const { confirmed } = await readSprintWindow(source, cycle, reading);
  const past = (await readDutyWindow(source, cycle + 1, reading)).results.map(({ parts }) => parts);
  const judge = createJudge(source, { sprint, cycle, arithmetic: reading.arithmetic });
  try {
    const reputations = reputationsIn(dutyStandings(past));
    const result = await readDuty(source, { cycle, sprint, members: membersBy(confirmed), reputations, judge });
    if (!result.isWhole)
      findings.note("not all documents of the Sprint's duty can be had: others may have closed it otherwise");
    for (const [hotkey, problem] of result.problems)
      findings.note(`duty: documents of ${hotkey} do not count: ${problem}`);
    const standings = dutyStandings([...past, result.parts]);
    for (const { hotkey, tasks, duties, missed, isFraud } of result.parts) {
      const standing = standings.get(hotkey);
      const reputation = formatMillionths(standing?.reputation.value ?? 0);
      findings.note(
        `duty: ${hotkey} did ${duties - missed} of ${duties}, had ${tasks} tasks, reputation ${reputation}${isFraud ? ", a fraud is proven" : ""}: ${percent(paidBy(sprint, standing))} of its pay`,
      );
    }
  } finally {
    await judge.dispose();
  }
};
