import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import { isBaseUnknown } from "#shared/participant/agreement/await-base-model.js";
import { type CycleReports, collectReports } from "#shared/participant/reports.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { underNetworkOf } from "#shared/participant/under-network.js";
import { withinBlocks } from "#shared/participant/within-blocks.js";
import { note } from "#shared/participant/writes/journal.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { explainReason } from "#shared/protocol/verdict.js";
import { placeIn } from "#shared/protocol/voting/place.js";
import { type AgreedOutcome, tally } from "#shared/protocol/voting/tally.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import type { Miner } from "./context.js";
import { isPlanted, whoGuessed } from "./planted.js";
import { keepReceipt } from "./receipts/keep-receipt.js";

/** Cycles that a crash kept us from hearing the score of, and whose reports may still be had. */
export const awaitingScore = ({ participant, journal }: Miner): number[] => {
  const { cycle } = phaseAt(participant.clock.head.number, participant.network.phases);
  return [cycle - 1, cycle].filter((recent) => {
    const entry = journal.value.cycles[recent];
    return entry?.revealed !== undefined && entry.heard === undefined;
  });
};

/** `reportScore`, within its time; that a score is not known is only logged. */
export const feedback = async (miner: Miner, cycle: number): Promise<void> => {
  try {
    const { participant } = miner;
    const deadline = phaseWindow(cycle + 1, "merge", participant.network.phases).end;
    await withinBlocks(
      participant,
      { duty: "score", name: `the score of cycle ${cycle}`, deadline },
      async (bounded) => {
        await reportScore(await underNetworkOf({ ...miner, participant: bounded }, cycle, deadline), cycle);
      },
    );
    note(miner, cycle, { heard: miner.participant.clock.head.number });
  } catch (thrown) {
    if (!miner.participant.signal.aborted)
      miner.participant.log.warn("score unknown", { cycle, reason: reasonOf(thrown) });
  }
};

/**
 * Waits for the validators' reports on a cycle, tells the miner its score, its rank, and why, and keeps the receipt.
 */
export const reportScore = async (miner: Miner, cycle: number): Promise<void> => {
  const { participant, journal, config } = miner;
  const { clock, network, signal, log } = participant;
  const merge = phaseWindow(cycle, "merge", network.phases);
  await clock.reach(merge.start, signal);
  // Nobody waits for a miner's own tally: a report that comes slowly is worth the phase.
  const limit = {
    name: `the score of cycle ${cycle}`,
    deadline: phaseWindow(cycle + 1, "merge", network.phases).end,
  };
  const again = <T>(work: () => Promise<T>): Promise<T> =>
    throughFaults(participant, limit, work, (thrown) => isFetchFault(thrown) || isBaseUnknown(thrown));
  const collected = await again(() => collectReports(participant, cycle, merge.end));
  const outcomes = await again(() => outcomesBy(participant, cycle, collected));
  tell(miner, cycle, collected, outcomes);
  tellPlanted(miner, cycle, collected);
  const artifact = journal.value.cycles[cycle]?.artifact;
  if (artifact === undefined) return;
  const kept = { cycle, artifact, kept: config.receipts_keep };
  // The own store is asked alone: what is not in it does not come.
  const receipt = await throughFaults(participant, limit, () => keepReceipt(participant, kept, collected));
  if (receipt !== null) log.debug("kept a receipt", { cycle, receipt });
};

/** What a planted update, whose answer its miner knows, tells of the validators. */
const tellPlanted = ({ participant, config }: Miner, cycle: number, { reports }: CycleReports): void => {
  const { signer, log } = participant;
  if ((config.behaviour !== "planted-bad" && config.behaviour !== "planted-good") || !isPlanted(participant, cycle))
    return;
  const answer = config.behaviour === "planted-bad" ? "bad" : "good";
  const guessed = whoGuessed(reports, signer.address, answer);
  log.info("planted update", { cycle, answer, validators: reports.length, guessed });
};

const outcomesBy = async (
  participant: Miner["participant"],
  cycle: number,
  { reports, stakes, unheard }: CycleReports,
): Promise<readonly AgreedOutcome[]> => {
  const base = await participant.models.baseOf(cycle);
  const miners = await readSubmissions(participant, cycle);
  return tally({ reports, stakes, unheard, miners, network: participant.networkHash, cycle, base });
};

const tell = (
  { participant, metrics }: Miner,
  cycle: number,
  { reports }: CycleReports,
  outcomes: readonly AgreedOutcome[],
): void => {
  const { signer, log } = participant;
  const { instruments } = participant.telemetry;
  // By the hotkey: who was registered again meanwhile has another uid.
  const own = outcomes.find(({ hotkey }) => hotkey === signer.address);
  const isOwn = (entry: Pick<AgreedOutcome, "uid" | "hotkey">): boolean =>
    entry.uid === own?.uid && entry.hotkey === own.hotkey;
  if (own === undefined || !reports.some(({ entries }) => entries.some(isOwn))) {
    // Others may have reported on us, and not be heard.
    log.warn("no report that counts says anything of us", { cycle, reports: reports.length });
    return;
  }
  instruments.add("blockzero_own_verdicts_total", 1, { verdict: own.verdict, reason: own.reason ?? "none" });
  const rank = placeIn(outcomes, own);
  instruments.set("blockzero_score", own.score);
  instruments.replace("blockzero_score_rank", rank === null ? [] : [[{}, rank]]);
  if (own.verdict !== "scored") {
    log.warn(own.verdict, { cycle, reason: own.reason, why: own.reason ? explainReason(own.reason) : undefined });
    metrics.write({ cycle, "chain/w_i_score": 0, "chain/verdict": own.verdict });
    return;
  }
  log.info("scored", { cycle, score: own.score, lossReduction: own.lossReduction, ...(rank !== null && { rank }) });
  instruments.set("blockzero_score_loss_reduction_nats", own.lossReduction ?? 0);
  metrics.write({
    cycle,
    "chain/w_i_score": own.score,
    ...(rank !== null && { "chain/rank_in_group": rank }),
    "chain/loss_reduction": own.lossReduction ?? 0,
    "chain/verdict": own.verdict,
  });
};
