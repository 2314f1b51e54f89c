import { createJudge } from "#shared/compute/judge.js";
import type { SprintOutcome } from "#shared/compute/outcome.js";
import { readSprint, type SprintResult } from "#shared/compute/read-sprint.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { whileWaiting } from "#shared/participant/while-waiting.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { Checker } from "./context.js";
import { rememberSprint } from "./remember-sprint.js";

/**
 * Reads the other validators' checks of a Sprint, recomputes the nonces that they name, and remembers how it was settled. What is not available is
 * asked for again at every block, until `deadline`; the Sprint is then settled without it.
 */
export const settleSprint = async (
  { participant, journal, arithmetic }: Checker,
  { cycle, sprint, deadline }: { readonly cycle: number; readonly sprint: Sprint; readonly deadline: number },
): Promise<void> => {
  const { clock, signal, log } = participant;
  await clock.reach(lastBlockFor("checksheld", cycle, participant), signal);
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
        const read = await readSprint(source, { cycle, sprint, judge });
        if (read.isWhole || tried >= deadline - 1 || patience.aborted) return read;
        await clock.reach(tried + 1, signal);
      }
    });
    rememberSprint(journal, result);
    const { outcomes } = result;
    const count = (outcome: SprintOutcome["outcome"]) => outcomes.filter((one) => one.outcome === outcome).length;
    tellInvalid(result, log);
    log.info("settled the Sprint", {
      cycle,
      valid: count("valid"),
      invalid: count("invalid"),
      undecided: count("undecided"),
      withheld: count("withheld"),
      absent: count("absent"),
      isWhole: result.isWhole,
    });
  } finally {
    await judge.dispose();
  }
};

const tellInvalid = ({ cycle, outcomes }: SprintResult, log: Checker["participant"]["log"]): void => {
  for (const { uid, hotkey, outcome, nonce, fault } of outcomes)
    if (outcome === "invalid")
      log.warn("a proof was settled as invalid", {
        cycle,
        uid,
        hotkey,
        nonce,
        reason: fault ?? "the nonce does not win",
      });
};
