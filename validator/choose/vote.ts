import { BlockZeroError } from "#shared/errors/error.js";
import { areSeedsInForce } from "#shared/participant/await-seeds.js";
import { afterFormersModel } from "#shared/participant/writes/commit-record.js";
import { mark, note } from "#shared/participant/writes/journal.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Validator } from "../context.js";
import type { Agreement } from "../merge/merge-cycle.js";
import { seedsReplaced } from "../seeds-in-force.js";
import { windowLeft } from "../window-left.js";
import { chooseSteps } from "./choose.js";

/**
 * Measures the candidate steps and puts the ballot on chain, once.
 *
 * @throws WINDOW_MISSED in the first cycle of a network file where a former one decides on its last model after it; EVALUATION_SEED_REPLACED of one
 *   that was made before a restart, where a fork replaced the block of its seeds
 */
export const vote = async (validator: Validator, cycle: number, agreed: Agreement): Promise<void> => {
  if (validator.journal.value.cycles[cycle]?.voted !== undefined) return;
  windowLeft(validator.participant, cycle, "choose");
  const kept = await keptBallot(validator, cycle);
  if (kept === undefined && !agreed.isWhole)
    throw new BlockZeroError(
      "REPORT_MISSING",
      "a report that counts could not be had in time, so the candidate steps are not known",
      "nothing to do: other validators' ballots decide; without one the model stays",
    );
  await send(validator, cycle, kept ?? (await made(validator, cycle, agreed)));
};

/**
 * Puts the ballot on chain that was made before a restart, if there is one that is not there yet. That takes no meter.
 *
 * @throws as `vote` does
 */
export const voteAsKept = async (validator: Voting, cycle: number): Promise<void> => {
  if (validator.journal.value.cycles[cycle]?.voted !== undefined) return;
  const kept = await keptBallot(validator, cycle);
  if (kept !== undefined) await send(validator, cycle, kept);
};

type Voting = Pick<Validator, "participant" | "journal">;

/** Measures, and writes the ballot down before anybody can see it. */
const made = async (validator: Validator, cycle: number, agreed: Agreement): Promise<string> => {
  const { participant, meter, timer } = validator;
  const { votes, seeds } = await chooseSteps(participant, meter, cycle, agreed, timer);
  const ballot = encodeRecord({ type: "ballot", network: shortHash(participant.networkHash), cycle, votes });
  mark(validator, cycle, { ballot, ballotSeeds: seeds });
  return ballot;
};

const send = async (validator: Voting, cycle: number, ballot: string): Promise<void> => {
  const { participant } = validator;
  const window = phaseWindow(cycle, "choose", participant.network.phases);
  const block = await participant.commitOnce({
    key: `${cycle}/ballot`,
    record: "ballot",
    data: ballot,
    window: await afterFormersModel(participant, { cycle, type: "ballot" }, window),
  });
  note(validator, cycle, { voted: block });
  participant.log.info("voted", { cycle, ballot, block });
};

/**
 * The ballot that was made before a restart, or before a fault after which this is begun again, if the chain still has
 * the seeds that it was measured by. If not, it may have been sent, and there are never two.
 */
const keptBallot = async ({ participant, journal }: Voting, cycle: number): Promise<string | undefined> => {
  const { ballot, ballotSeeds = null } = journal.value.cycles[cycle] ?? {};
  if (ballot === undefined || ballotSeeds === null) return ballot;
  if (await areSeedsInForce(participant, { cycle, purpose: "choose" }, ballotSeeds)) return ballot;
  throw seedsReplaced({ cycle, purpose: "choose" });
};
