import { type Checks, isChecksSigned, MAX_CHECKS_BYTES, parseChecks } from "#shared/protocol/checks.js";
import type { Stakes } from "#shared/protocol/stake.js";
import { lastBlockFor, phaseRecords } from "#shared/replay/phase-records.js";
import type { CycleContext, CycleSource } from "#shared/replay/source.js";
import { readVoters } from "#shared/replay/voters.js";
import { verify } from "#shared/wallet/index.js";

/** A document of checks that a voting validator committed in time. */
export interface CommittedChecks {
  readonly hotkey: string;
  readonly hash: string;
  readonly location: string;
}

/** The documents of checks of a Sprint, by the state at the last block of the train phase after it, and the stakes that vote there. */
export const readCommittedChecks = async (
  context: CycleContext,
  cycle: number,
): Promise<{ readonly stakes: Stakes; readonly committed: readonly CommittedChecks[] }> => {
  const { stakes, commitments } = await readVoters(context, cycle, lastBlockFor("checks", cycle, context));
  const committed = [...phaseRecords("checks", cycle, commitments, context)]
    .filter(([hotkey]) => stakes.has(hotkey))
    .map(([hotkey, { record }]) => ({ hotkey, hash: record.checks, location: record.location }))
    .sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1));
  return { stakes, committed };
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
