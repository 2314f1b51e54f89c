import { membersBy } from "#shared/compute/duty/duty-inputs.js";
import { type DutyMemory, type DutyResult, readDuty } from "#shared/compute/duty/read-duty.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import type { Checker } from "../sprint/context.js";
import { knownWindow } from "../sprint/known-gate.js";
import { readWithRecomputer } from "../sprint/read-with-recomputer.js";
import { rememberDuty } from "./remember-duty.js";

interface ClosingDue {
  readonly cycle: number;
  readonly sprint: SprintWithDuty;
  readonly deadline: number;
  /** What an earlier try read and verified. It is added to. */
  readonly known: DutyMemory;
}

/**
 * Closes the duty of a Sprint from the members' documents, recomputing the wins that somebody says are none, and remembers what each host's pay and
 * reputation need of it. What is not available is asked for again at every block, until `deadline`: what nobody serves then counts as not published,
 * and what time ran out for as unknown. Without every Sprint of the window in full nothing is closed: the members would be others.
 */
export const closeDuty = async (checker: Checker, due: ClosingDue): Promise<void> => {
  const { participant, journal } = checker;
  const { cycle, sprint, known } = due;
  const { weights, reputations, isWhole } = await knownWindow(checker, cycle);
  if (!isWhole) return participant.log.warn("duty not closed: its members are not known in full", { cycle });
  const members = membersBy(weights, sprint);
  const result = await readWithRecomputer(checker, due, (reading) =>
    readDuty(reading.source, { ...reading, cycle, sprint, members, reputations, known }),
  );
  rememberDuty(journal, result);
  tell(result, participant);
};

const tell = (
  { cycle, inputs, closed, parts, problems, isWhole }: DutyResult,
  { log, telemetry: { instruments } }: Pick<Checker["participant"], "log" | "telemetry">,
): void => {
  for (const { hotkey, isFraud, duties, missed } of parts) {
    const lies = [...closed.verdicts.values()].filter(({ liars }) => liars.includes(hotkey)).length;
    const problem = problems.get(hotkey);
    if (isFraud) log.warn("a fraud is proven", { cycle, hotkey, falseVerdicts: lies });
    if (missed > 0) log.warn("duty was missed", { cycle, hotkey, duties, missed, ...(problem && { problem }) });
  }
  const sum = (of: (part: DutyResult["parts"][number]) => number) => parts.reduce((all, part) => all + of(part), 0);
  instruments.set(
    "blockzero_sprint_duties",
    sum(({ duties, missed }) => duties - missed),
    { outcome: "done" },
  );
  instruments.set(
    "blockzero_sprint_duties",
    sum(({ missed }) => missed),
    { outcome: "missed" },
  );
  log.info("closed the duty of the Sprint", {
    cycle,
    members: inputs.members.length,
    tasks: inputs.tasks.length,
    frauds: closed.frauds.size,
    missed: sum(({ missed }) => missed),
    isWhole,
  });
};
