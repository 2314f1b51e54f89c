import { membersBy } from "#shared/compute/duty/duty-inputs.js";
import { type DutyResult, readDuty } from "#shared/compute/duty/read-duty.js";
import { reputationsIn } from "#shared/compute/duty/read-duty-window.js";
import { createJudge } from "#shared/compute/judge.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { whileWaiting } from "#shared/participant/while-waiting.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import type { Checker } from "../sprint/context.js";
import { knownWindow } from "../sprint/known-gate.js";
import { knownStandings } from "./known-standings.js";
import { rememberDuty } from "./remember-duty.js";

/**
 * Closes the duty of a Sprint from the members' documents, recomputing the wins that somebody says are none, and remembers what each host's pay and
 * reputation need of it. What is not available is asked for again at every block, until `deadline`: what nobody serves then counts as not published, and what time ran out for as unknown. Without every
 * Sprint of the window in full nothing is closed: the members would be others.
 */
export const closeDuty = async (
  { participant, journal, arithmetic }: Checker,
  { cycle, sprint, deadline }: { readonly cycle: number; readonly sprint: SprintWithDuty; readonly deadline: number },
): Promise<void> => {
  const { clock, signal, log } = participant;
  const { weights, isWhole } = await knownWindow({ participant, journal }, cycle);
  if (!isWhole) return log.warn("Duty not closed: its members are not known in full", { cycle });
  const members = membersBy(weights);
  const reputations = reputationsIn((await knownStandings({ participant, journal }, cycle + 1)) ?? new Map());
  const judge = createJudge(cycleSource(participant, { isHeld: true }), {
    sprint,
    cycle,
    arithmetic: async () => arithmetic,
    signal,
  });
  try {
    const result = await untilBlock(clock, Math.max(deadline, clock.head.number + 1), signal, async (patience) => {
      const source = whileWaiting(cycleSource(participant, { until: patience, isHeld: true }), patience);
      for (;;) {
        const tried = clock.head.number;
        const isOver = () => patience.aborted;
        const read = await readDuty(source, { cycle, sprint, members, reputations, judge, isOver });
        if (read.isWhole || tried >= deadline - 1 || patience.aborted) return read;
        await clock.reach(tried + 1, signal);
      }
    });
    rememberDuty(journal, result);
    tell(result, participant);
  } finally {
    await judge.dispose();
  }
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
