import { isBaseUnknown } from "#shared/participant/agreement/await-base-model.js";
import { attempt } from "#shared/participant/attempt.js";
import { type Decided, isReplaced, readDecided } from "#shared/participant/deciding-block.js";
import { faultFields } from "#shared/participant/fault-fields.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { vote } from "./choose/vote.js";
import type { Validator } from "./context.js";
import { type Due, dueIn } from "./due.js";
import { ensureBase } from "./ensure-base.js";
import { exchangeReports } from "./exchange.js";
import { report, tellOwnReport } from "./judge/report.js";
import { mergeAndPublish } from "./merge/merge-and-publish.js";
import { type Agreement, agreeOn } from "./merge/merge-cycle.js";
import { recallHistory, remember } from "./outcome/history.js";
import { learnProgress } from "./outcome/progress.js";
import { showParticipation } from "./outcome/show-participation.js";
import { tellParticipation } from "./outcome/tell-participation.js";
import { measureReference } from "./reference.js";
import { setWeights } from "./weights.js";

/** One cycle of a validator: catch up if it is behind, judge and report, then merge, publish the model and set weights. */
export const runCycle = async (validator: Validator, cycle: number): Promise<void> => {
  const { participant, journal } = validator;
  const { clock, network, log, signal } = participant;
  const train = phaseWindow(cycle, "train", network.phases);
  const evaluate = phaseWindow(cycle, "evaluate", network.phases);
  const choose = phaseWindow(cycle, "choose", network.phases);
  const exchange = phaseWindow(cycle, "exchange", network.phases);
  const merge = phaseWindow(cycle, "merge", network.phases);
  const published = phaseWindow(cycle + 1, "distribute", network.phases).end;
  const due = dueIn(validator, cycle);
  const recalled = due("recall", "recalling scores", merge.end, (bounded) => recallHistory(bounded, cycle)).catch(
    (thrown) => {
      // An abort also ends the wait below.
      if (!signal.aborted) log.warn("scores of past cycles are not to be had", { cycle, ...faultFields(thrown) });
    },
  );
  const missed = (what: string) => (thrown: unknown) => {
    signal.throwIfAborted();
    log.warn(`missed ${what}`, { cycle, ...faultFields(thrown) });
  };
  // What this validator misses, it abstains from: the others' reports, records and ballots may still be enough.
  const makeReport = async () => {
    // Before a restart; the model was caught up with when it started again.
    if (journal.value.cycles[cycle]?.reported !== undefined) return;
    const base = await due("catch_up", "catching up", evaluate.end, (bounded) => ensureBase(bounded, cycle));
    await due("reference", "the reference loss", evaluate.start, (bounded) =>
      measureReference(bounded, cycle, base),
    ).catch(missed("reference loss"));
    await due("witness", "trainings of one's own", evaluate.start, async ({ participant: bounded, witnesses }) => {
      // Before, miners fetch the model, from validators above all: a training holds up their requests for a step each time.
      if (witnesses && bounded.network.scoring.witness) await bounded.clock.reach(train.start, bounded.signal);
      await witnesses?.train(bounded, cycle, base);
    }).catch(missed("trainings of one's own"));
    await due("report", "the report", evaluate.end + 1, (bounded) => report(bounded, cycle));
  };
  // Who does not know the model writes no record: its stake would vote, and it can name none. Those who know it can do without.
  await attempt(participant, { failure: "missed report", cycle }, makeReport, isBaseUnknown);
  await tellOwnReport(validator, cycle);
  await attempt(participant, { failure: "missed exchange", cycle }, () =>
    due("exchange", "the exchange", exchange.end + 1, (bounded) => exchangeReports(bounded, cycle)),
  );
  await clock.reach(choose.start, signal);
  const early = await due("tally", "the tally", merge.end, ({ participant: bounded }) =>
    readDecided(bounded, exchange.end - 1, () => agreeOn(bounded, cycle)),
  );
  await attempt(participant, { failure: "missed ballot", cycle }, () =>
    due("ballot", "the ballot", choose.end + 1, (bounded) => vote(bounded, cycle, early.value)),
  );
  await clock.reach(merge.start, signal);
  const agreed = await tallyLate(validator, cycle, due, early);
  await learnOutcome(validator, cycle, agreed);
  // A validator that abstains from the merge must still set the miners' weights.
  const duties = await Promise.allSettled([
    recalled.then(() =>
      due("weights", "the weights", merge.end + 1, (bounded) => setWeights(bounded, cycle, agreed.base)),
    ),
    due("merge", "the merge", published + 1, (bounded) => mergeAndPublish(bounded, cycle, agreed)),
  ]);
  for (const duty of duties) if (duty.status === "rejected") throw duty.reason;
};

/**
 * The early tally, where every report that counts was available and no fork replaced the block that it was read in. Else once more: some honest
 * participant has the missing file, and there is time until the weights.
 */
const tallyLate = async (
  { participant }: Validator,
  cycle: number,
  due: Due,
  early: Decided<Agreement>,
): Promise<Agreement> => {
  if (early.value.isWhole && !(await isReplaced(participant, early))) return early.value;
  const { start, end } = phaseWindow(cycle, "merge", participant.network.phases);
  const late = start + Math.ceil((end - start) / 2);
  return due("late_tally", "the late tally", end, (bounded) => agreeOn(bounded.participant, cycle, late));
};

/** Writes down what was agreed, and shows it: who is paid for what, which groups got better, and what each validator did. */
const learnOutcome = async (validator: Validator, cycle: number, agreed: Agreement): Promise<void> => {
  const { participant } = validator;
  const limit = {
    name: `progress of cycle ${cycle}`,
    deadline: phaseWindow(cycle, "merge", participant.network.phases).end,
  };
  const progress = await throughFaults(participant, limit, () => learnProgress(validator, cycle, agreed));
  remember(validator, cycle, agreed, progress);
  tellParticipation(validator, cycle, agreed.participation);
  void showParticipation(validator, agreed.participation);
};
