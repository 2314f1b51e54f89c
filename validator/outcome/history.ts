import { reasonOf } from "#shared/errors/error.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { collectReports } from "#shared/participant/reports.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { underNetwork } from "#shared/participant/under-network.js";
import type { Journal } from "#shared/participant/writes/journal.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { type AgreedOutcome, tally } from "#shared/protocol/voting/tally.js";
import { groupProgress, readBallots } from "#shared/replay/ballots.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import { contextOf, firstCycleFrom } from "#shared/replay/succession.js";
import { agreedScores } from "#shared/rewards/cycle-weights.js";
import type { GroupProgress } from "#shared/rewards/progress.js";
import type { ValidatorJournal } from "../journal.js";

interface Historian {
  readonly participant: Participant;
  readonly journal: Journal<ValidatorJournal>;
}

/**
 * Stores what was agreed in a cycle.
 * @param isWhole whether every report that counts was available
 * @param exponent `scoring.exponent` of the file that the cycle was tallied under; default: of the one in force
 */
export const remember = (
  { participant, journal }: Historian,
  cycle: number,
  {
    outcomes,
    isWhole,
    exponent = participant.network.scoring.exponent,
  }: { readonly outcomes: readonly AgreedOutcome[]; readonly isWhole: boolean; readonly exponent?: number },
  { improved, undecided }: GroupProgress,
): void => {
  const { window } = participant.network.scoring;
  journal.note((value) => {
    const oldest = Math.max(cycle, ...value.history.map((entry) => entry.cycle)) - window;
    return {
      ...value,
      tallied: [...value.tallied.filter((past) => past !== cycle && past > oldest), ...(isWhole ? [cycle] : [])],
      progress: [
        ...value.progress.filter((entry) => entry.cycle !== cycle && entry.cycle > oldest),
        { cycle, improved: [...improved], undecided: [...undecided] },
      ].sort((a, b) => a.cycle - b.cycle),
      history: [
        ...value.history.filter((entry) => entry.cycle !== cycle && entry.cycle > oldest),
        ...agreedScores(cycle, { outcomes, isWhole }).map((entry) => ({ ...entry, exponent })),
      ].sort((a, b) => a.cycle - b.cycle),
    };
  });
};

/**
 * Learns what was agreed in the cycles of the window that this validator missed, from chain state and the reports that others still serve. A
 * validator that joins late or was away then pays by the same scores as all others. A chain that does not answer is asked again at the next block.
 * What is not available is requested again in the next cycle. Throws only on an abort.
 */
export const recallHistory = async (historian: Historian, cycle: number): Promise<void> => {
  const { participant, journal } = historian;
  const { models, network, log, signal } = participant;
  const source = cycleSource(participant);
  const first = await firstCycleFrom(source, Math.max(0, cycle - network.scoring.window + 1));
  const known = new Set(journal.value.tallied);
  const missed = Array.from({ length: Math.max(0, cycle - first) }, (_, i) => first + i).filter(
    (past) => !known.has(past),
  );
  const recall = async (past: number): Promise<void> => {
    const former = underNetwork(participant, await contextOf(source, past));
    const { network, networkHash } = former;
    const { reports, stakes, unheard, isWhole } = await collectReports(former, past);
    const base = await models.baseOf(past);
    const miners = await readSubmissions(former, past);
    const outcomes = tally({ reports, stakes, unheard, miners, network: networkHash, cycle: past, base });
    const groups = groupProgress(network, await readBallots(former, past), { outcomes, isWhole });
    remember(historian, past, { outcomes, isWhole, exponent: network.scoring.exponent }, groups);
    log.info("recalled scores", { cycle: past, reports: reports.length, miners: outcomes.length });
  };
  const { start } = phaseWindow(cycle, "merge", network.phases);
  await Promise.all(
    missed.map(async (past) => {
      try {
        await throughFaults(participant, { name: `scores of cycle ${past}`, deadline: start }, () => recall(past));
      } catch (thrown) {
        signal.throwIfAborted();
        log.warn("scores of a past cycle are not to be had", { cycle: past, reason: reasonOf(thrown) });
      }
    }),
  );
};
