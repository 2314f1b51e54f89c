import type { Report, ReportEntry } from "./report.js";
import { isMajority, type Stakes, sumStake, weightedMedian } from "./stake.js";
import type { ReasonCode, Verdict } from "./verdict.js";

/** What the validators together say of one miner's cycle. */
export interface AgreedOutcome {
  readonly uid: number;
  readonly hotkey: string;
  readonly group: string | null;
  readonly artifact: string | null;
  readonly verdict: Verdict;
  /** Of the most stake among those who gave one; null when scored, or when those who scored were too few. */
  readonly reason: ReasonCode | null;
  /** Stake-weighted medians over those who scored; null and 0 unless scored, the score of a noise cycle 0 too. */
  readonly lossReduction: number | null;
  readonly standardError: number | null;
  readonly score: number;
}

export interface TallyInputs {
  /** Those whose hash their validator committed in time and whose signature holds; in any order. */
  readonly reports: readonly Report[];
  readonly stakes: Stakes;
  readonly network: string;
  readonly cycle: number;
  /** Hash of the agreed model: a report about another one says nothing about this. */
  readonly base: string;
}

interface Vote {
  readonly entry: ReportEntry;
  readonly stake: bigint;
}

/**
 * Agrees on every miner that any counted report names, ascending by uid, then hotkey.
 *
 * - scored: validators with more than half of all permitted stake scored the same artifact;
 * - rejected: more than half of it rejected the miner or found its artifact unreachable. One validator that cannot reach a
 *   miner abstains; when most of the stake cannot, it is the miner that withholds;
 * - abstained: neither.
 *
 * A validator that signed two different reports for the cycle counts as silent.
 *
 * A noise cycle, in which at least two updates were scored and none of any group lowered the loss, says more about the cycle than
 * about the miners: all are abstained on, whatever else was found, so that nothing is merged and it is in nobody's window.
 */
export const tally = ({ reports, stakes, network, cycle, base }: TallyInputs): readonly AgreedOutcome[] => {
  const byValidator = new Map<string, Report | null>();
  for (const report of reports) {
    if (report.network !== network || report.cycle !== cycle || report.base !== base) continue;
    const earlier = byValidator.get(report.validator);
    const same = earlier === undefined || earlier?.signature === report.signature;
    byValidator.set(report.validator, same ? report : null);
  }
  const miners = new Map<string, Vote[]>();
  for (const [validator, report] of byValidator) {
    const stake = stakes.get(validator) ?? 0n;
    if (report === null || stake === 0n) continue;
    for (const entry of report.entries) {
      const key = `${entry.uid} ${entry.hotkey}`;
      const votes = miners.get(key) ?? [];
      votes.push({ entry, stake });
      miners.set(key, votes);
    }
  }
  const outcomes = [...miners.values()]
    .map((votes) => agree(votes, stakes))
    .sort((a, b) => a.uid - b.uid || (a.hotkey < b.hotkey ? -1 : 1));
  return isNoise(outcomes) ? outcomes.map(forgiven) : outcomes;
};

const isNoise = (outcomes: readonly AgreedOutcome[]): boolean => {
  const scored = outcomes.filter(({ verdict }) => verdict === "scored");
  return scored.length >= 2 && scored.every(({ lossReduction }) => (lossReduction ?? 0) <= 0);
};

const forgiven = (outcome: AgreedOutcome): AgreedOutcome => ({
  ...outcome,
  verdict: "abstained",
  reason: outcome.reason ?? "noise_cycle",
  score: 0,
});

const agree = (votes: readonly Vote[], stakes: Stakes): AgreedOutcome => {
  const [winner, winners] = heaviest(
    votes.filter(({ entry }) => entry.verdict === "scored"),
    ({ entry }) => `${entry.artifact} ${entry.group}`,
  );
  if (winner !== null && isMajority(sumStake(winners.map(({ stake }) => stake)), stakes)) {
    const { uid, hotkey, group, artifact } = winner.entry;
    const median = (value: (entry: ReportEntry) => number | null) =>
      weightedMedian(winners.map(({ entry, stake }) => ({ value: value(entry) ?? 0, stake })));
    return {
      uid,
      hotkey,
      group,
      artifact,
      verdict: "scored",
      reason: null,
      lossReduction: median((entry) => entry.lossReduction),
      standardError: median((entry) => entry.standardError),
      score: median((entry) => entry.score),
    };
  }
  const against = votes.filter(({ entry }) => entry.verdict === "rejected" || entry.reason === "unreachable");
  const isRejected = isMajority(sumStake(against.map(({ stake }) => stake)), stakes);
  const unscored = votes.filter(({ entry }) => entry.verdict !== "scored");
  const [speaker] = heaviest(
    isRejected ? against : unscored.length > 0 ? unscored : votes,
    ({ entry }) => `${entry.reason ?? "~"} ${entry.artifact} ${entry.group}`,
  );
  const { uid, hotkey, group, artifact, reason } = (speaker ?? votes[0]!).entry;
  return {
    uid,
    hotkey,
    group,
    artifact,
    verdict: isRejected ? "rejected" : "abstained",
    reason,
    lossReduction: null,
    standardError: null,
    score: 0,
  };
};

/** The votes that share the key with the most stake (equal stake: the lower key), and one of them to speak for all. */
const heaviest = (votes: readonly Vote[], keyOf: (vote: Vote) => string): readonly [Vote | null, readonly Vote[]] => {
  const sides = new Map<string, Vote[]>();
  for (const vote of votes) {
    const side = sides.get(keyOf(vote)) ?? [];
    side.push(vote);
    sides.set(keyOf(vote), side);
  }
  let best: readonly Vote[] = [];
  let bestKey = "";
  let bestStake = -1n;
  for (const [key, side] of sides) {
    const stake = sumStake(side.map((vote) => vote.stake));
    if (stake > bestStake || (stake === bestStake && key < bestKey)) [best, bestKey, bestStake] = [side, key, stake];
  }
  return [best[0] ?? null, best];
};
