import { withinBlocks } from "#shared/participant/duty.js";
import { faultFields } from "#shared/participant/fault-fields.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { Duty } from "#shared/telemetry/instruments/labels.js";
import { vote } from "./choose/vote.js";
import type { Validator } from "./context.js";
import { ensureBase } from "./ensure-base.js";
import { exchangeReports } from "./exchange.js";
import { report } from "./judge/report.js";
import { mergeAndPublish } from "./merge/merge-and-publish.js";
import { agreeOn } from "./merge/merge-cycle.js";
import { recallHistory, remember } from "./outcome/history.js";
import { learnProgress } from "./outcome/progress.js";
import { showParticipation } from "./outcome/show-participation.js";
import { tellParticipation } from "./outcome/tell-participation.js";
import { measureReference } from "./reference.js";
import { setWeights } from "./weights.js";

/** Least number of blocks that a duty gets. */
const LEAST_BLOCKS = 2;

/** One cycle of a validator: catch up if it is behind, judge and report, then merge, publish the model and set weights. */
export const runCycle = async (validator: Validator, cycle: number): Promise<void> => {
  const { participant } = validator;
  const { clock, network, log, signal } = participant;
  const evaluate = phaseWindow(cycle, "evaluate", network.phases);
  const choose = phaseWindow(cycle, "choose", network.phases);
  const exchange = phaseWindow(cycle, "exchange", network.phases);
  const merge = phaseWindow(cycle, "merge", network.phases);
  const published = phaseWindow(cycle + 1, "distribute", network.phases).end;
  /** A duty of this cycle. It ends at block `end`, whatever it waits for. After a restart it may begin late. */
  const due = <T>(duty: Duty, name: string, end: number, work: (bounded: Validator) => Promise<T>): Promise<T> => {
    const until = Math.max(end, clock.head.number + LEAST_BLOCKS);
    return withinBlocks(participant, { duty, name: `${name} of cycle ${cycle}`, until }, (bounded) =>
      work({ ...validator, participant: bounded }),
    );
  };
  const recalled = due("recall", "recalling scores", merge.end, (bounded) => recallHistory(bounded, cycle)).catch(
    (thrown) => {
      // An abort also ends the wait below.
      if (!signal.aborted) log.warn("scores of past cycles are not to be had", { cycle, ...faultFields(thrown) });
    },
  );
  try {
    const base = await due("catch_up", "catching up", evaluate.end, (bounded) => ensureBase(bounded, cycle));
    await due("reference", "the reference loss", evaluate.start, (bounded) =>
      measureReference(bounded, cycle, base),
    ).catch((thrown) => {
      signal.throwIfAborted();
      log.warn("Missed reference loss", { cycle, ...faultFields(thrown) });
    });
    await due("report", "the report", evaluate.end + 1, (bounded) => report(bounded, cycle));
  } catch (thrown) {
    signal.throwIfAborted();
    // The other validators' reports may still be enough for a merge. This validator abstains.
    log.error("Missed report", { cycle, ...faultFields(thrown) });
  }
  try {
    await due("exchange", "the exchange", exchange.end + 1, (bounded) => exchangeReports(bounded, cycle));
  } catch (thrown) {
    signal.throwIfAborted();
    // The other validators' records may still be enough. This validator commits none.
    log.error("Missed exchange", { cycle, ...faultFields(thrown) });
  }
  await clock.reach(choose.start, signal);
  const early = await due("tally", "the tally", merge.end, (bounded) => agreeOn(bounded.participant, cycle));
  try {
    await due("ballot", "the ballot", choose.end + 1, (bounded) => vote(bounded, cycle, early));
  } catch (thrown) {
    signal.throwIfAborted();
    // The other validators' ballots may still choose a step. This validator has no ballot.
    log.error("Missed ballot", { cycle, ...faultFields(thrown) });
  }
  await clock.reach(merge.start, signal);
  // Some honest participant has the missing file, and there is time until the weights.
  const late = merge.start + Math.ceil((merge.end - merge.start) / 2);
  const agreed = early.isWhole
    ? early
    : await due("late_tally", "the late tally", merge.end, (bounded) => agreeOn(bounded.participant, cycle, late));
  remember(validator, cycle, agreed, await learnProgress(validator, cycle, agreed));
  tellParticipation(validator, cycle, agreed.participation);
  void showParticipation(validator, agreed.participation);
  // A validator that abstains from the merge must still set the miners' weights.
  const duties = await Promise.allSettled([
    recalled.then(() => due("weights", "the weights", merge.end + 1, (bounded) => setWeights(bounded, cycle))),
    due("merge", "the merge", published + 1, (bounded) => mergeAndPublish(bounded, cycle, agreed)),
  ]);
  for (const duty of duties) if (duty.status === "rejected") throw duty.reason;
};
