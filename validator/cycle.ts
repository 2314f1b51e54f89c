import { withinBlocks } from "#shared/participant/duty.js";
import { explain } from "#shared/participant/run-cycles.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { Validator } from "./context.js";
import { ensureBase } from "./ensure-base.js";
import { exchangeReports } from "./exchange.js";
import { recallHistory, remember } from "./history.js";
import { mergeAndPublish } from "./merge-and-publish.js";
import { agreeOn } from "./merge-cycle.js";
import { learnProgress } from "./progress.js";
import { measureReference } from "./reference.js";
import { report } from "./report.js";
import { tellParticipation } from "./tell-participation.js";
import { vote } from "./vote.js";
import { setWeights } from "./weights.js";

/** Blocks that a duty has at least. */
const LEAST_BLOCKS = 2;

/** One cycle of a validator: catch up where it is behind, judge and report, then merge, publish the model and set weights. */
export const runCycle = async (validator: Validator, cycle: number): Promise<void> => {
  const { participant } = validator;
  const { clock, network, log, signal } = participant;
  const evaluate = phaseWindow(cycle, "evaluate", network.phases);
  const choose = phaseWindow(cycle, "choose", network.phases);
  const exchange = phaseWindow(cycle, "exchange", network.phases);
  const merge = phaseWindow(cycle, "merge", network.phases);
  const published = phaseWindow(cycle + 1, "distribute", network.phases).end;
  /** A duty of this cycle that is over at a block, whatever it waits for; after a restart it may begin late. */
  const due = <T>(name: string, end: number, work: (bounded: Validator) => Promise<T>): Promise<T> => {
    const until = Math.max(end, clock.head.number + LEAST_BLOCKS);
    return withinBlocks(participant, { name: `${name} of cycle ${cycle}`, until }, (bounded) =>
      work({ ...validator, participant: bounded }),
    );
  };
  const recalled = due("recalling scores", merge.end, (bounded) => recallHistory(bounded, cycle)).catch((thrown) => {
    // An abort ends the wait below as well.
    if (!signal.aborted) log.warn("scores of past cycles are not to be had", { cycle, ...explain(thrown) });
  });
  try {
    const base = await due("catching up", evaluate.end, (bounded) => ensureBase(bounded, cycle));
    await due("the reference loss", evaluate.start, (bounded) => measureReference(bounded, cycle, base)).catch(
      (thrown) => {
        signal.throwIfAborted();
        log.warn("Missed reference loss", { cycle, ...explain(thrown) });
      },
    );
    await due("the report", evaluate.end + 1, (bounded) => report(bounded, cycle));
  } catch (thrown) {
    signal.throwIfAborted();
    // The others' reports may still make a merge; ours abstains.
    log.error("Missed report", { cycle, ...explain(thrown) });
  }
  try {
    await due("the exchange", exchange.end + 1, (bounded) => exchangeReports(bounded, cycle));
  } catch (thrown) {
    signal.throwIfAborted();
    // What the others say that they hold may still be enough; we are silent on it.
    log.error("Missed exchange", { cycle, ...explain(thrown) });
  }
  await clock.reach(choose.start, signal);
  const early = await due("the tally", merge.end, (bounded) => agreeOn(bounded.participant, cycle));
  try {
    await due("the ballot", choose.end + 1, (bounded) => vote(bounded, cycle, early));
  } catch (thrown) {
    signal.throwIfAborted();
    // The others' ballots may still choose; ours is missing.
    log.error("Missed ballot", { cycle, ...explain(thrown) });
  }
  await clock.reach(merge.start, signal);
  // Somebody honest has what is missing, and there is time until the weights.
  const late = merge.start + Math.ceil((merge.end - merge.start) / 2);
  const agreed = early.isWhole
    ? early
    : await due("the late tally", merge.end, (bounded) => agreeOn(bounded.participant, cycle, late));
  remember(validator, cycle, agreed, await learnProgress(validator, cycle, agreed));
  tellParticipation(validator, cycle, agreed.participation);
  // Who must leave the merge to the others still owes the miners their weights.
  const duties = await Promise.allSettled([
    recalled.then(() => due("the weights", merge.end + 1, (bounded) => setWeights(bounded, cycle))),
    due("the merge", published + 1, (bounded) => mergeAndPublish(bounded, cycle, agreed)),
  ]);
  for (const duty of duties) if (duty.status === "rejected") throw duty.reason;
};
