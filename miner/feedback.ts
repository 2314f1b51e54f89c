import { collectReports } from "#shared/participant/reports.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { tally } from "#shared/protocol/tally.js";
import { explainReason } from "#shared/protocol/verdict.js";
import type { Miner } from "./cycle.js";

/** Waits for the validators' reports on a cycle and tells the miner its score, its rank, and why. */
export const reportScore = async ({ participant, metrics }: Miner, cycle: number): Promise<void> => {
  const { clock, network, models, networkHash, signer, signal, log } = participant;
  const { start } = phaseWindow(cycle, "merge", network.phases);
  await clock.reach(start, signal);
  const base = await models.baseOf(cycle);
  const { reports, stakes } = await collectReports(participant, cycle);
  const outcomes = tally({ reports, stakes, network: networkHash, cycle, base });
  const own = outcomes.find(({ hotkey }) => hotkey === signer.address);
  if (!own) {
    log.warn("no validator reported on us", { cycle, reports: reports.length });
    return;
  }
  if (own.verdict !== "scored") {
    log.warn(own.verdict, { cycle, reason: own.reason, why: own.reason ? explainReason(own.reason) : undefined });
    metrics.write({ cycle, "chain/w_i_score": 0, "chain/verdict": own.verdict });
    return;
  }
  const rivals = outcomes.filter(({ group, score }) => group === own.group && score > own.score);
  const rank = rivals.length + 1;
  log.info("scored", { cycle, score: own.score, lossReduction: own.lossReduction, rank });
  metrics.write({
    cycle,
    "chain/w_i_score": own.score,
    "chain/rank_in_group": rank,
    "chain/loss_reduction": own.lossReduction ?? 0,
    "chain/verdict": own.verdict,
  });
};
