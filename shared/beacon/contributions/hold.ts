import type { Parsed } from "#shared/protocol/parsed.js";
import { type Held, heldOf } from "../held.js";
import { readSeals } from "./committed.js";
import { type Contribution, MAX_CONTRIBUTION_BYTES, readContribution } from "./contribution.js";
import type { CommittedSeal } from "./held.js";
import { readTerms } from "./schedule.js";
import type { ContributionSource } from "./source.js";

/**
 * Fetches the contributions of a cycle, once its sealing window is over. `held` are the numbers for this validator's `sealheld` record,
 * which it puts on chain in the holding window and before the pulse. Ask again for what is missing while there is time.
 *
 * @throws what reading the chain throws
 */
export const holdSeals = async (source: ContributionSource, cycle: number): Promise<Held> => {
  const terms = await readTerms(source, cycle);
  const { committed } = await readSeals(source, cycle, terms);
  return heldOf(committed.entries(), (seal) => fetchContribution(source, cycle, terms.round, seal));
};

/** The contribution that a seal names, or why it is none. @throws BlockZeroError FETCH_… if its bytes are not available */
export const fetchContribution = async (
  { fetch, verify, networkHash }: ContributionSource,
  cycle: number,
  round: number,
  { hotkey, hash, location }: CommittedSeal,
): Promise<Parsed<Contribution>> => {
  const what = `the contribution of ${hotkey}`;
  const bytes = await fetch({ hash, location, maxBytes: MAX_CONTRIBUTION_BYTES, what });
  return readContribution(bytes, { network: networkHash, cycle, hotkey, round }, verify);
};
