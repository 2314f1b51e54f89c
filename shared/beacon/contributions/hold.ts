import { BlockZeroError } from "#shared/errors/error.js";
import type { Parsed } from "#shared/protocol/parsed.js";
import { readSeals } from "./committed.js";
import { type Contribution, MAX_CONTRIBUTION_BYTES, readContribution } from "./contribution.js";
import type { CommittedSeal } from "./held.js";
import { readTerms } from "./schedule.js";
import type { ContributionSource } from "./source.js";

/** What a validator has of a cycle's committed contributions, by their numbers, ascending. */
export interface HeldSeals {
  /** Here, and in order. */
  readonly held: readonly number[];
  /** Nobody who was asked sent them. */
  readonly missing: readonly number[];
}

/**
 * Fetches the contributions of a cycle, once its sealing window is over. `held` are the numbers for this validator's `sealheld` record,
 * which it puts on chain in the holding window and before the pulse. Ask again for what is missing while there is time.
 *
 * @throws what reading the chain throws
 */
export const holdSeals = async (source: ContributionSource, cycle: number): Promise<HeldSeals> => {
  const terms = await readTerms(source, cycle);
  const { committed } = await readSeals(source, cycle, terms);
  const found = await Promise.all(
    committed.map((seal) =>
      fetchContribution(source, cycle, terms.round, seal).then(
        ({ ok }) => ok,
        (thrown) => {
          if (thrown instanceof BlockZeroError) return null;
          throw thrown;
        },
      ),
    ),
  );
  const numbers = (of: boolean | null) => found.flatMap((one, number) => (one === of ? [number] : []));
  return { held: numbers(true), missing: numbers(null) };
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
