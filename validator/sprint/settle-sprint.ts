import { rememberSprint } from "#shared/compute/memory/remember-sprint.js";
import { type SprintOutcome, whyInvalid } from "#shared/compute/outcome.js";
import { readSprint, type SprintResult } from "#shared/compute/read-sprint.js";
import type { PlayedSprint } from "#shared/protocol/sprint.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { Checker } from "./context.js";
import { readWithRecomputer } from "./read-with-recomputer.js";

/**
 * Reads the other validators' checks of a Sprint, recomputes the nonces that they name, and remembers how it was settled. What is not available is
 * asked for again at every block, until `deadline`; the Sprint is then settled without it. One that cannot be read is not settled: it is asked for
 * again in later cycles.
 */
export const settleSprint = async (
  checker: Checker,
  due: { readonly cycle: number; readonly sprint: PlayedSprint; readonly deadline: number },
): Promise<void> => {
  const { participant, journal } = checker;
  const { clock, signal, log } = participant;
  const { cycle, sprint } = due;
  await clock.reach(lastBlockFor("checksheld", cycle, participant), signal);
  const result = await readWithRecomputer(checker, due, ({ source, recomputer }) =>
    readSprint(source, { cycle, sprint, recomputer }),
  );
  if (!result.isReadable)
    return log.warn("Sprint not settled: checks of half of the stake or more cannot be had", { cycle });
  rememberSprint(journal, result);
  const { outcomes } = result;
  const count = (outcome: SprintOutcome["outcome"]) => outcomes.filter((one) => one.outcome === outcome).length;
  tellInvalid(result, log);
  log.info("settled the Sprint", {
    cycle,
    valid: count("valid"),
    invalid: count("invalid"),
    unopposed: count("unopposed"),
    undecided: count("undecided"),
    withheld: count("withheld"),
    absent: count("absent"),
    isWhole: result.isWhole,
  });
};

const tellInvalid = ({ cycle, outcomes }: SprintResult, log: Checker["participant"]["log"]): void => {
  for (const settled of outcomes.filter(({ outcome }) => outcome === "invalid")) {
    const { uid, hotkey, nonce } = settled;
    log.warn("a proof was settled as invalid", { cycle, uid, hotkey, nonce, reason: whyInvalid(settled) });
  }
};
