import { chosenSteps, groupProgress, readBallots, unjudgedGroups } from "#shared/replay/ballots.js";
import type { GroupProgress } from "#shared/rewards/progress.js";
import type { Validator } from "../context.js";
import type { Agreement } from "../merge/merge-cycle.js";

/** Which groups take a step, and which only validators that failed keep from one. Also writes it to the metrics and the log. */
export const learnProgress = async (
  { participant, metrics }: Validator,
  cycle: number,
  agreed: Agreement,
): Promise<GroupProgress> => {
  const { network, log } = participant;
  const ballots = await readBallots(participant, cycle);
  const progress = groupProgress(network, ballots, agreed);
  const unjudged = unjudgedGroups(agreed);
  for (const [group, step] of chosenSteps(network, ballots)) {
    participant.telemetry.instruments.set("blockzero_chosen_step", step, { group });
    metrics.write({ cycle, [`choose/step_${group}`]: step });
    const scored = agreed.outcomes.filter((outcome) => outcome.group === group && outcome.verdict === "scored");
    if (progress.undecided.includes(group)) {
      log.warn("a group's model stood still for want of votes or reports, and its miners' pay leaves this cycle out", {
        code: "GROUP_UNDECIDED",
        cycle,
        group,
        ballots: ballots.voters.length,
        votes: ballots.votes.get(group)?.filter(({ vote }) => vote !== null).length,
        reason: unjudged.has(group)
          ? "no report that counts judges any of its updates"
          : "too few validators voted on its steps",
      });
    } else if (step === 0) {
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
    } else if (scored.every(({ score }) => score === 0))
      log.warn("a group's model took a step, and no update of it has a score: it is paid by those of earlier cycles", {
        code: "GROUP_SCORED_NOTHING",
        cycle,
        group,
        step,
        updates: scored.length,
      });
  }
  return progress;
};
