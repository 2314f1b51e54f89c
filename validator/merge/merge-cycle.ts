import { BlockZeroError } from "#shared/errors/error.js";
import { type Model, mergeModel } from "#shared/merge/merge-model.js";
import type { Selected } from "#shared/merge/selection.js";
import { awaitBaseModel } from "#shared/participant/agreement/await-base-model.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { collectReports } from "#shared/participant/reports.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { BLOCKS_TO_RECORD, phaseWindow } from "#shared/protocol/phases.js";
import { type AgreedOutcome, tally } from "#shared/protocol/voting/tally.js";
import { chosenSteps, readBallots } from "#shared/replay/ballots.js";
import { type Candidate, type MergePlan, planMerge, planSteps } from "#shared/replay/merge-plan.js";
import { type Participation, participationIn } from "#shared/replay/participation.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import { type BlameOptions, openAtEveryBlock } from "../judge/gate-with-blame.js";
import { remedyFor } from "../judge/remedy.js";

/** The combined result of the validators' reports for a cycle that started from the model `base`. */
export interface Agreement {
  readonly base: string;
  readonly outcomes: readonly AgreedOutcome[];
  /** What each validator did, as far as its report was available. */
  readonly participation: readonly Participation[];
  /** Whether every report that counts was available. */
  readonly isWhole: boolean;
}

/**
 * Tallies the cycle's reports that count, by the chain state at the end of the exchange phase.
 *
 * @param deadline block until which a missing report is requested
 */
export const agreeOn = async (participant: Participant, cycle: number, deadline?: number): Promise<Agreement> => {
  const base = await awaitBaseModel(participant, cycle);
  const { reports, committed, isWhole, ...exchange } = await collectReports(participant, cycle, deadline);
  const { stakes, unheard } = exchange;
  const miners = await readSubmissions(participant, cycle);
  const outcomes = tally({ reports, stakes, unheard, miners, network: participant.networkHash, cycle, base });
  const participation = participationIn({ ...exchange, reports: committed }, reports, outcomes);
  return { base, outcomes, participation, isWhole };
};

/** The directions of the cycle's candidate steps. */
export const planFrom = async (participant: Participant, cycle: number, { outcomes }: Agreement): Promise<MergePlan> =>
  planMerge(outcomes, await readSubmissions(participant, cycle), participant.network.scoring.top_n);

/**
 * The cycle's merge: a pure function of the chain state at the end of the choose phase and of files named by hash, so every honest
 * validator makes the same model. A group that no measured step improved stays as it is. @throws MERGE_ABSTAINED
 */
export const mergeCycle = async (participant: Participant, cycle: number, agreed: Agreement): Promise<Model> => {
  const { blobs, models, network, signal } = participant;
  if (!agreed.isWhole)
    throw new BlockZeroError(
      "MERGE_ABSTAINED",
      `a report that counts in cycle ${cycle} cannot be had`,
      "nothing to do: this validator takes the model that the others agree on",
    );
  const { open } = cycleSource(participant);
  const base = { hash: agreed.base, manifest: await models.manifest(agreed.base, signal) };
  const chosen = chosenSteps(network, await readBallots(participant, cycle));
  const steps = planSteps(await planFrom(participant, cycle, agreed), chosen, network.training);
  return mergeModel(
    participant,
    { cycle, base, steps },
    {
      part: ({ hash, bytes }) => open({ hash, maxBytes: bytes }),
      update: (candidate, norm) =>
        selectedUpdate(participant, candidate, {
          cycle,
          base: { hash: base.hash, groups: new Map([[candidate.group, { norm }]]) },
        }),
      create: blobs.create,
    },
    { signal },
  );
};

/**
 * An update that the majority scored, which is asked for at every block. If this validator cannot obtain or accept it in time, it abstains from this
 * merge and adopts the majority's model.
 */
const selectedUpdate = async (
  participant: Participant,
  { submission, uid }: Selected<Candidate>,
  options: BlameOptions,
) => {
  const { clock, network, signal } = participant;
  const deadline = phaseWindow(options.cycle + 1, "distribute", network.phases).end - BLOCKS_TO_RECORD;
  const result = await untilBlock(clock, deadline, signal, (until) =>
    openAtEveryBlock(participant, submission, { ...options, until, deadline, isHeld: true }),
  );
  if (result.ok) return { hash: result.update.tensorsHash, file: result.file, norm: result.norm };
  throw new BlockZeroError(
    "MERGE_ABSTAINED",
    `the update of uid ${uid} that the majority scored is ${result.reason} here: ${result.detail}`,
    remedyFor(result, "this validator takes the model that the others agree on"),
  );
};
