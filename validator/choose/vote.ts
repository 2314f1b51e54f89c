import { BlockZeroError } from "#shared/errors/error.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Validator } from "../context.js";
import { mark, note } from "../mark.js";
import type { Agreement } from "../merge/merge-cycle.js";
import { openWindow } from "../open-window.js";
import { chooseSteps } from "./choose.js";

/** Measures the candidate steps and puts the ballot on chain, once. */
export const vote = async (validator: Validator, cycle: number, agreed: Agreement): Promise<void> => {
  const { participant, journal, meter } = validator;
  const { networkHash, log } = participant;
  if (journal.value.cycles[cycle]?.voted !== undefined) return;
  const window = openWindow(participant, cycle, "choose");
  let ballot = journal.value.cycles[cycle]?.ballot;
  if (ballot === undefined && !agreed.isWhole)
    throw new BlockZeroError(
      "REPORT_MISSING",
      "a report that counts could not be had in time, so the candidate steps are not known",
      "nothing to do: other validators' ballots decide; without one the model stays",
    );
  if (ballot === undefined) {
    const votes = await chooseSteps(participant, meter, cycle, agreed, validator.timer);
    ballot = encodeRecord({ type: "ballot", network: shortHash(networkHash), cycle, votes });
    mark(validator, cycle, { ballot });
  }
  const block = await participant.commitOnce({ key: `${cycle}/ballot`, data: ballot, window });
  note(validator, cycle, { voted: block });
  log.info("voted", { cycle, ballot, block });
};
