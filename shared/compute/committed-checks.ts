import { readVoters } from "#shared/chain/voters.js";
import { type Checks, isChecksSigned, MAX_CHECKS_BYTES, parseChecks } from "#shared/protocol/checks.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { holdersOf, isExchanged } from "#shared/protocol/voting/holders.js";
import type { Stakes } from "#shared/protocol/voting/stake.js";
import { committedBy } from "#shared/replay/committed.js";
import { lastBlockFor, phaseRecords } from "#shared/replay/phase-records.js";
import type { CycleContext, CycleSource } from "#shared/replay/source.js";
import { verify } from "#shared/wallet/index.js";

/** A document of checks that a voting validator committed in time. */
export interface CommittedChecks {
  readonly uid: number;
  readonly hotkey: string;
  readonly hash: string;
  readonly location: string;
}

/** A committed document, and whether it counts. */
export interface ExchangedChecks extends CommittedChecks {
  /** Whether validators with more than half of the voting stake say that they hold it. */
  readonly counts: boolean;
  /** Whether it does not, though most of the stake that says what it holds does hold it. */
  readonly isUnheard: boolean;
}

/**
 * Documents of checks that voting validators committed to, in the state after the last block of the train phase after the Sprint; by ascending uid.
 */
export const readCommittedChecks = async (context: CycleContext, cycle: number): Promise<readonly CommittedChecks[]> =>
  (await committedBy(context, "checks", cycle)).map(
    ({ uid, hotkey, record }): CommittedChecks => ({
      uid,
      hotkey,
      hash: record.checks,
      location: record.location,
    }),
  );

/** What validators exchanged of a Sprint. */
export interface Exchange {
  /** Whose stake votes. */
  readonly stakes: Stakes;
  readonly committed: readonly ExchangedChecks[];
  /** Who is there: who committed to a document in time, or says which it holds. The chain says so, whatever others hold. */
  readonly there: ReadonlySet<string>;
  /** Whether validators with more than half of the voting stake say which documents they hold. If not, nobody can be heard. */
  readonly isExchanged: boolean;
}

/**
 * Which documents of checks of a Sprint count: as with reports, those that validators with more than half of the voting stake say they hold, in
 * the state after the last block of the reveal phase after it, whose stakes vote. So everybody settles by the same documents, and an honest
 * holder serves each. One that is unheard has an honest holder as well while less stake lies than is there and honest.
 */
export const readExchangedChecks = async (context: CycleContext, cycle: number): Promise<Exchange> => {
  const [committed, { stakes, commitments }] = await Promise.all([
    readCommittedChecks(context, cycle),
    // Validators may have written records of the next cycle by then.
    readVoters(context, cycle + 1, lastBlockFor("checksheld", cycle, context)),
  ]);
  const said = [...phaseRecords("checksheld", cycle, commitments, context)];
  const heldBy = holdersOf(
    said.map(([hotkey, { record }]) => [hotkey, record.held]),
    stakes,
  );
  return {
    stakes,
    committed: committed.map((one, number) => {
      const { counts, isUnheard } = heldBy(number);
      return { ...one, counts, isUnheard };
    }),
    there: new Set([...committed, ...said.map(([hotkey]) => ({ hotkey }))].map(({ hotkey }) => hotkey)),
    isExchanged: isExchanged(
      said.map(([hotkey]) => hotkey),
      stakes,
    ),
  };
};

/**
 * Fetches a document of checks, or says why the bytes are none of this validator, network and cycle.
 *
 * @throws BlockZeroError FETCH_… if it is not available
 */
export const fetchChecks = async (
  { fetch, networkHash }: Pick<CycleSource, "fetch" | "networkHash">,
  cycle: number,
  { hotkey, hash, location }: CommittedChecks,
): Promise<Parsed<Checks>> => {
  const bytes = await fetch({ hash, maxBytes: MAX_CHECKS_BYTES, location, what: `the checks of ${hotkey}` });
  const parsed = parseChecks(bytes);
  if (!parsed.ok) return parsed;
  const checks = parsed.value;
  if (checks.validator !== hotkey || !isChecksSigned(checks, verify)) return refused("not signed by its hotkey");
  if (checks.network !== networkHash) return refused(`about network ${checks.network}`);
  if (checks.cycle !== cycle) return refused(`about cycle ${checks.cycle}`);
  return accepted(checks);
};
