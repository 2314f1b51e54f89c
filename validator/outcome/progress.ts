import { chosenSteps, readBallots } from "#shared/replay/ballots.js";
import { improvedGroups } from "#shared/rewards/progress.js";
import type { Validator } from "../context.js";
import type { Agreement } from "../merge/merge-cycle.js";

/** The groups for which a step was chosen. Also writes them to the metrics and the log. */
export const learnProgress = async (
  { participant, metrics }: Validator,
  cycle: number,
  { outcomes }: Agreement,
): Promise<readonly string[]> => {
  const { network, log } = participant;
  const ballots = await readBallots(participant, cycle);
  const chosen = chosenSteps(network, ballots);
  for (const [group, step] of chosen) {
    participant.telemetry.instruments.set("blockzero_chosen_step", step, { group });
    metrics.write({ cycle, [`choose/step_${group}`]: step });
    const scored = outcomes.filter((outcome) => outcome.group === group && outcome.verdict === "scored");
    if (step !== 0) {
      if (scored.every(({ score }) => score === 0))
        log.warn(
          "a group's model took a step, and no update of it has a score: it is paid by those of earlier cycles",
          {
            code: "GROUP_SCORED_NOTHING",
            cycle,
            group,
            step,
            updates: scored.length,
          },
        );
      continue;
    }
    log.warn("a group's model stood still, and this cycle pays its miners nothing", {
      code: "GROUP_STOOD_STILL",
      cycle,
      group,
      ballots: ballots.voters.length,
      reason:
        scored.length === 0
          ? "no update of it was scored"
          : "no step was found better than the base by more than half of the stake",
    });
  }
  return improvedGroups(chosen);
};
