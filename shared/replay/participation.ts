import { compareTexts } from "#shared/protocol/compare-texts.js";
import type { Report, ReportEntry } from "#shared/protocol/report.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import type { AgreedOutcome } from "#shared/protocol/voting/tally.js";
import type { Exchange } from "./reports.js";

/** What one validator did in a cycle, by chain state and the other validators' reports. */
export interface Participation {
  readonly hotkey: string;
  /** Whether its stake votes on the cycle. It does not if the validator has written no record for a long time. */
  readonly votes: boolean;
  /** Share of all voting stake. 0 for a validator that does not vote. */
  readonly stakeShare: number;
  /** Whether it committed a report in time, the stake that holds it, and whether it counts. */
  readonly committed: boolean;
  readonly heldBy: number;
  readonly counts: boolean;
  /** Whether it recorded which reports it holds. */
  readonly exchanged: boolean;
  /** Share of the outcomes, abstentions left out, on which its report agrees. Null without a report that counts. */
  readonly agreement: number | null;
  /** Mean of `|score − agreed score| / agreed score` over the updates that it and a majority scored above zero. Null if there are none. */
  readonly deviation: number | null;
}

/**
 * Shows which validators are silent, reported nothing, reported too late for others to hold the report, or reported something else than the
 * others. If a validator copies scores of an earlier cycle, none of its entries agrees. By descending stake.
 */
export const participationIn = (
  { reports: committed, stakes, exchanged, silent }: Exchange,
  reports: readonly Report[],
  outcomes: readonly AgreedOutcome[],
): readonly Participation[] => {
  const total = sumStake(stakes.values());
  const hotkeys = new Set([...stakes.keys(), ...committed.map(({ hotkey }) => hotkey), ...silent]);
  return [...hotkeys]
    .map((hotkey): Participation => {
      const own = committed.find((one) => one.hotkey === hotkey);
      const report = reports.find(({ validator }) => validator === hotkey);
      return {
        hotkey,
        votes: stakes.has(hotkey),
        stakeShare: total === 0n ? 0 : Number(stakes.get(hotkey) ?? 0n) / Number(total),
        committed: own !== undefined,
        heldBy: own?.heldBy ?? 0,
        counts: own?.counts ?? false,
        exchanged: exchanged.has(hotkey),
        ...(report ? likeness(report, outcomes) : { agreement: null, deviation: null }),
      };
    })
    .sort((a, b) => b.stakeShare - a.stakeShare || compareTexts(a.hotkey, b.hotkey));
};

const likeness = (
  { entries }: Report,
  outcomes: readonly AgreedOutcome[],
): Pick<Participation, "agreement" | "deviation"> => {
  const decided = outcomes.filter(({ verdict }) => verdict !== "abstained");
  const said = (outcome: AgreedOutcome) =>
    entries.find(({ uid, hotkey }) => uid === outcome.uid && hotkey === outcome.hotkey);
  const same = decided.filter((outcome) => isSame(said(outcome), outcome));
  const deviations = same.flatMap((outcome) => {
    const { score } = said(outcome)!;
    return outcome.score > 0 && score > 0 ? [Math.abs(score - outcome.score) / outcome.score] : [];
  });
  return {
    agreement: decided.length === 0 ? null : same.length / decided.length,
    deviation: deviations.length === 0 ? null : deviations.reduce((sum, one) => sum + one, 0) / deviations.length,
  };
};

const isSame = (entry: ReportEntry | undefined, { verdict, artifact, score }: AgreedOutcome): boolean => {
  if (!entry || entry.artifact !== artifact) return false;
  if (verdict === "rejected") return entry.verdict === "rejected" || entry.reason === "unreachable";
  return entry.verdict === "scored" && entry.score > 0 === score > 0;
};
