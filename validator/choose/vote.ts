import { BlockZeroError } from "#shared/errors/error.js";
import { areSeedsInForce } from "#shared/participant/await-seeds.js";
import { afterFormersModel } from "#shared/participant/writes/commit-record.js";
import { mark, note } from "#shared/participant/writes/journal.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Validator } from "../context.js";
import type { Agreement } from "../merge/merge-cycle.js";
import { seedsReplaced } from "../seeds-in-force.js";
import { windowLeft } from "../window-left.js";
import { chooseSteps } from "./choose.js";

/**
 * Measures the candidate steps and puts the ballot on chain, once.
 *
 * @throws WINDOW_MISSED in the first cycle of a network file where a former one decides on its last model after it; EVALUATION_SEED_REPLACED of one that was made before a restart, where a fork replaced the block of its seeds
 */
export const vote = async (validator: Validator, cycle: number, agreed: Agreement): Promise<void> => {
  const { participant, journal, meter } = validator;
  const { networkHash, log } = participant;
  if (journal.value.cycles[cycle]?.voted !== undefined) return;
  const window = windowLeft(participant, cycle, "choose");
  let ballot = await keptBallot(validator, cycle);
  if (ballot === undefined && !agreed.isWhole)
    throw new BlockZeroError(
      "REPORT_MISSING",
      "a report that counts could not be had in time, so the candidate steps are not known",
      "nothing to do: other validators' ballots decide; without one the model stays",
    );
  if (ballot === undefined) {
    const { votes, seeds } = await chooseSteps(participant, meter, cycle, agreed, validator.timer);
    ballot = encodeRecord({ type: "ballot", network: shortHash(networkHash), cycle, votes });
    mark(validator, cycle, { ballot, ballotSeeds: seeds });
  }
  const block = await participant.commitOnce({
    key: `${cycle}/ballot`,
    record: "ballot",
    data: ballot,
    window: await afterFormersModel(participant, { cycle, type: "ballot" }, window),
  });
  note(validator, cycle, { voted: block });
  log.info("voted", { cycle, ballot, block });
};

/**
 * The ballot that was made before a restart, or before a fault after which this is begun again, if the chain still has
 * the seeds that it was measured by. If not, it may have been sent, and there are never two.
 */
const keptBallot = async ({ participant, journal }: Validator, cycle: number): Promise<string | undefined> => {
  const { ballot, ballotSeeds = null } = journal.value.cycles[cycle] ?? {};
  if (ballot === undefined || ballotSeeds === null) return ballot;
  if (await areSeedsInForce(participant, { cycle, purpose: "choose" }, ballotSeeds)) return ballot;
  throw seedsReplaced({ cycle, purpose: "choose" });
};
