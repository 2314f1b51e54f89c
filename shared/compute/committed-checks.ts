import { readVoters } from "#shared/chain/voters.js";
import { type Checks, isChecksSigned, MAX_CHECKS_BYTES, parseChecks } from "#shared/protocol/checks.js";
import { isMajority, type Stakes, sumStake } from "#shared/protocol/voting/stake.js";
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
}

/** Documents of checks that voting validators committed to, in the state after the last block of the train phase after the Sprint; by ascending uid. */
export const readCommittedChecks = async (
  context: CycleContext,
  cycle: number,
): Promise<readonly CommittedChecks[]> => {
  const { stakes, metagraph, commitments } = await readVoters(context, cycle, lastBlockFor("checks", cycle, context));
  const uids = new Map(metagraph.neurons.map(({ hotkey, uid }) => [hotkey, uid]));
  return [...phaseRecords("checks", cycle, commitments, context)]
    .flatMap(([hotkey, { record }]): CommittedChecks[] => {
      const uid = uids.get(hotkey);
      if (uid === undefined || !stakes.has(hotkey)) return [];
      return [{ uid, hotkey, hash: record.checks, location: record.location }];
    })
    .sort((a, b) => a.uid - b.uid);
};

/**
 * Which documents of checks of a Sprint count: as with reports, those that validators with more than half of the voting stake say they hold, in
 * the state after the last block of the reveal phase after it, whose stakes vote. So everybody settles by the same documents, and an honest
 * holder serves each.
 */
export const readExchangedChecks = async (
  context: CycleContext,
  cycle: number,
): Promise<{ readonly stakes: Stakes; readonly committed: readonly ExchangedChecks[] }> => {
  const [committed, { stakes, commitments }] = await Promise.all([
    readCommittedChecks(context, cycle),
    // Validators may have written records of the next cycle by then.
    readVoters(context, cycle + 1, lastBlockFor("checksheld", cycle, context)),
  ]);
  const held = [...phaseRecords("checksheld", cycle, commitments, context)].filter(([hotkey]) => stakes.has(hotkey));
  return {
    stakes,
    committed: committed.map((one, number) => {
      const holders = held.filter(([, { record }]) => record.held.includes(number));
      const stake = sumStake(holders.map(([hotkey]) => stakes.get(hotkey)!));
      return { ...one, counts: isMajority(stake, stakes) };
    }),
  };
};

/**
 * Fetches a document of checks. Null with the problem if the bytes are no document of this validator, network and cycle.
 *
 * @throws BlockZeroError FETCH_… if it is not available
 */
export const fetchChecks = async (
  { fetch, networkHash }: Pick<CycleSource, "fetch" | "networkHash">,
  cycle: number,
  { hotkey, hash, location }: CommittedChecks,
): Promise<{ readonly checks: Checks | null; readonly problem: string | null }> => {
  const bytes = await fetch({ hash, maxBytes: MAX_CHECKS_BYTES, location, what: `the checks of ${hotkey}` });
  const parsed = parseChecks(bytes);
  const refused = (problem: string) => ({ checks: null, problem });
  if (!parsed.ok) return refused(parsed.problem);
  const checks = parsed.value;
  if (checks.validator !== hotkey || !isChecksSigned(checks, verify)) return refused("not signed by its hotkey");
  if (checks.network !== networkHash) return refused(`about network ${checks.network}`);
  if (checks.cycle !== cycle) return refused(`about cycle ${checks.cycle}`);
  return { checks, problem: null };
};
