import { BlockZeroError } from "#shared/errors/error.js";
import { awaitBaseModel } from "#shared/participant/agreement/await-base-model.js";
import { catchUp } from "#shared/participant/agreement/catch-up.js";
import { withinBlocks } from "#shared/participant/duty.js";
import { explain } from "#shared/participant/run-cycles.js";
import { setWeightsOnce } from "#shared/participant/weights/set-weights.js";
import { recent } from "#shared/participant/writes/journal.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { reportHash } from "#shared/protocol/report.js";
import { chosenSteps, readBallots } from "#shared/replay/ballots.js";
import { readReport } from "#shared/replay/reports.js";
import { cycleWeights } from "#shared/rewards/cycle-weights.js";
import { improvedGroups } from "#shared/rewards/progress.js";
import { chooseSteps } from "./choose.js";
import type { Validator } from "./context.js";
import { exchangeReports } from "./exchange.js";
import { recallHistory, remember } from "./history.js";
import type { ValidatorJournal } from "./journal.js";
import { judgeCycle } from "./judge.js";
import { type Agreement, agreeOn, mergeCycle } from "./merge-cycle.js";
import { readBack } from "./read-back.js";
import { measureReference } from "./reference.js";
import { tellParticipation } from "./tell-participation.js";

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
    await due("the exchange", exchange.end + 1, (bounded) => exchangeAndSay(bounded, cycle));
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

/** Has the cycle's base here while there is time: after an outage, or a merge that was left to the others, the cheaper way. @returns its hash */
const ensureBase = async ({ participant, journal }: Validator, cycle: number): Promise<string> => {
  const model = await awaitBaseModel(participant, cycle);
  if (Object.values(journal.value.cycles).some((entry) => entry.model === model)) return model;
  const how = await catchUp(participant, model);
  if (how !== "at hand") participant.log.info("caught up", { cycle, model, how });
  return model;
};

const mergeAndPublish = async (validator: Validator, cycle: number, agreed: Agreement): Promise<void> => {
  const { hash, manifest } = await mergeCycle(validator.participant, cycle, agreed);
  await readBack(validator.participant, hash, cycle);
  mark(validator, cycle, { model: hash });
  validator.participant.log.info("merged", {
    cycle,
    model: hash,
    merged: manifest.merged.map(({ uid }) => uid),
    steps: Object.entries(manifest.steps)
      .map(([group, step]) => `${group}:${step}`)
      .join(" "),
  });
  await publish(validator, cycle, hash);
};

const report = async (validator: Validator, cycle: number): Promise<void> => {
  const { participant, journal, meter, metrics, timer } = validator;
  const { blobs, network, networkHash, location, log } = participant;
  if (journal.value.cycles[cycle]?.reported !== undefined) return;
  const window = phaseWindow(cycle, "evaluate", network.phases);
  // Making a report takes blocks: one that cannot be in time must not hold up the merge.
  if (participant.clock.head.number >= window.end - 1)
    throw new BlockZeroError(
      "WINDOW_MISSED",
      `the evaluate phase ended at block ${window.end}`,
      "be up when it begins",
    );
  let hash = journal.value.cycles[cycle]?.report;
  if (hash === undefined) {
    const judged = await judgeCycle(participant, meter, cycle, { timer, metrics });
    hash = reportHash(judged);
    const bytes = canonicalBytes(judged);
    const read = readReport(bytes, participant.signer.address, network);
    if (!read.ok)
      throw new BlockZeroError("REPORT_UNUSABLE", `our own report is refused: ${read.problem}`, "report this as a bug");
    // Nobody can copy it in time: a report record of a later block does not count.
    participant.embargo.hold(hash, window.end - 1);
    await blobs.put(bytes);
    mark(validator, cycle, { report: hash });
    for (const [group, { loss }] of Object.entries(judged.baseline))
      metrics.write({ cycle, [`eval/loss_${group}`]: loss });
    for (const { uid, verdict, score, lossReduction } of judged.entries)
      metrics.write({
        cycle,
        uid,
        "eval/verdict": verdict,
        "eval/score": score,
        "eval/loss_reduction": lossReduction ?? 0,
      });
  }
  const block = await participant.commitOnce({
    key: `${cycle}/report`,
    data: encodeRecord({ type: "report", network: shortHash(networkHash), cycle, report: hash, location }),
    window,
  });
  mark(validator, cycle, { reported: block });
  log.info("reported", { cycle, report: hash, block });
};

/** The groups whose model took a step, in metrics and the log as well. */
const learnProgress = async (
  { participant, metrics }: Validator,
  cycle: number,
  { outcomes }: Agreement,
): Promise<readonly string[]> => {
  const { network, log } = participant;
  const ballots = await readBallots(participant, cycle);
  const chosen = chosenSteps(network, ballots);
  for (const [group, step] of chosen) {
    metrics.write({ cycle, [`choose/step_${group}`]: step });
    if (step !== 0) continue;
    const scored = outcomes.filter((outcome) => outcome.group === group && outcome.verdict === "scored").length;
    log.warn("a group's model stood still, and this cycle pays its miners nothing", {
      code: "GROUP_STOOD_STILL",
      cycle,
      group,
      ballots: ballots.voters.length,
      reason:
        scored === 0
          ? "no update of it was scored"
          : "no step was found better than the base by more than half of the stake",
    });
  }
  return improvedGroups(chosen);
};

/** Measures the candidate steps and puts the ballot on chain, once. */
const vote = async (validator: Validator, cycle: number, agreed: Agreement): Promise<void> => {
  const { participant, journal, meter } = validator;
  const { clock, network, networkHash, log } = participant;
  if (journal.value.cycles[cycle]?.voted !== undefined) return;
  const window = phaseWindow(cycle, "choose", network.phases);
  if (clock.head.number >= window.end - 1)
    throw new BlockZeroError(
      "WINDOW_MISSED",
      `the choose phase ended at block ${window.end}`,
      "nothing to do: the other validators' ballots decide; be up when it begins",
    );
  let ballot = journal.value.cycles[cycle]?.ballot;
  if (ballot === undefined && !agreed.isWhole)
    throw new BlockZeroError(
      "REPORT_MISSING",
      "a report that counts could not be had in time, so the candidate steps are not known",
      "nothing to do: the other validators' ballots decide",
    );
  if (ballot === undefined) {
    const votes = await chooseSteps(participant, meter, cycle, agreed);
    ballot = encodeRecord({ type: "ballot", network: shortHash(networkHash), cycle, votes });
    mark(validator, cycle, { ballot });
  }
  const block = await participant.commitOnce({ key: `${cycle}/ballot`, data: ballot, window });
  mark(validator, cycle, { voted: block });
  log.info("voted", { cycle, ballot, block });
};

const exchangeAndSay = async (validator: Validator, cycle: number): Promise<void> => {
  const { participant, journal } = validator;
  if (journal.value.cycles[cycle]?.exchanged !== undefined) return;
  const window = phaseWindow(cycle, "exchange", participant.network.phases);
  if (participant.clock.head.number >= window.end - 1)
    throw new BlockZeroError(
      "WINDOW_MISSED",
      `the exchange phase ended at block ${window.end}`,
      "be up when it begins",
    );
  mark(validator, cycle, { exchanged: await exchangeReports(validator, cycle) });
};

/** The model record may come as late as the next distribute phase, which is when it is read. */
const publish = async (validator: Validator, cycle: number, model: string): Promise<void> => {
  const { participant, journal } = validator;
  const { network, networkHash, location, log } = participant;
  if (journal.value.cycles[cycle]?.published !== undefined) return;
  const block = await participant.commitOnce({
    key: `${cycle}/model`,
    data: encodeRecord({ type: "model", network: shortHash(networkHash), cycle, model, location }),
    window: {
      start: phaseWindow(cycle, "merge", network.phases).start,
      end: phaseWindow(cycle + 1, "distribute", network.phases).end,
    },
  });
  mark(validator, cycle, { published: block });
  log.info("published model", { cycle, model, block });
};

const setWeights = async (validator: Validator, cycle: number): Promise<void> => {
  const { participant, journal } = validator;
  const { chain, network, log } = participant;
  if (journal.value.cycles[cycle]?.weighted !== undefined) return;
  try {
    const weights = cycleWeights(network, await chain.metagraph(network.netuid), journal.value, cycle);
    const window = phaseWindow(cycle, "merge", network.phases);
    const block = await setWeightsOnce(validator.weights, { key: String(window.start), weights, window });
    mark(validator, cycle, { weighted: block });
    log.info("set weights", { cycle, weights: weights.map(([uid, weight]) => `${uid}:${weight}`).join(" "), block });
  } catch (thrown) {
    participant.signal.throwIfAborted();
    log.error("Missed weights", { cycle, ...explain(thrown) });
  }
};

const mark = ({ journal }: Validator, cycle: number, fields: ValidatorJournal["cycles"][string]): void =>
  journal.update((value) => ({
    ...value,
    cycles: recent({ ...value.cycles, [cycle]: { ...value.cycles[cycle], ...fields } }),
  }));
