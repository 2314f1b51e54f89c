import { compareTexts } from "../compare-texts.js";
import type { Report, ReportEntry } from "../report.js";
import type { ReasonCode, Verdict } from "../verdict.js";
import { isMajority, isMoreThanHalf, marginalVote, type Stakes, sumStake, voteAtHalf } from "./stake.js";

/** The combined result of the validators for one miner's cycle. */
export interface AgreedOutcome {
  readonly uid: number;
  readonly hotkey: string;
  /** Unless scored, the group that the miner revealed for: what pay depends on is not for reports of few to say. */
  readonly group: string | null;
  readonly artifact: string | null;
  readonly verdict: Verdict;
  /** The reason with the most stake among those given. Null if scored, or if too few scored it. */
  readonly reason: ReasonCode | null;
  /** Values of the entry whose score was agreed on. Null and 0 unless scored. */
  readonly lossReduction: number | null;
  readonly standardError: number | null;
  readonly score: number;
  /** Likewise of the one whose independence was agreed on. Null unless scored. */
  readonly independence: number | null;
  /** Whether a report that counts says anything of the miner but that its validator failed. */
  readonly isJudged: boolean;
}

export interface TallyInputs {
  /** The reports that count, in any order. */
  readonly reports: readonly Report[];
  /** The stakes of all that may vote, whether they reported or not. */
  readonly stakes: Stakes;
  /** Hotkeys whose report does not count, though they and most of the stake that says what it holds do hold it. What they would have said is not known. */
  readonly unheard: readonly string[];
  /** Neurons to judge, as the chain says. Each gets an outcome, whether a report names it or not, and nobody else does. */
  readonly miners: readonly {
    readonly uid: number;
    readonly hotkey: string;
    /** What its reveal record says; null without one. */
    readonly reveal: { readonly group: string } | null;
  }[];
  readonly network: string;
  readonly cycle: number;
  /** Hash of the agreed model. A report on another model says nothing about this one. */
  readonly base: string;
}

type Miner = TallyInputs["miners"][number];

interface Vote {
  readonly entry: ReportEntry;
  readonly stake: bigint;
}

/**
 * Agrees on every miner that was to be judged, ascending by uid, then hotkey. A majority is more than half of all voting stake.
 *
 * - scored: a majority scored the same artifact in the same group. Its score is the largest that more than half of the stake gives at least that
 *   judges the miner or is unheard, if that is no more than twice the largest that a majority gives at least, and the unheard could not make it more;
 * - abstained: a majority failed itself: its report does not count, is silent on the miner, or says `validator_failed`. Or more than half of the
 *   stake that judges the miner or is unheard scored the same artifact in the same group or is unheard, so that only who is away or failed itself is missing, or
 *   is kept from being heard;
 * - rejected: neither. An artifact that half of the stake cannot fetch was withheld.
 *
 * A validator that signed two different reports for the cycle counts as silent. What a report says of anybody else counts for nothing: its
 * own word would leave a cycle out of a hotkey's mean. Nor does it say for which group one worked that is not scored.
 */
export const tally = ({
  reports,
  stakes,
  unheard,
  miners,
  network,
  cycle,
  base,
}: TallyInputs): readonly AgreedOutcome[] => {
  const byValidator = new Map<string, Report | null>();
  for (const report of reports) {
    if (report.network !== network || report.cycle !== cycle || report.base !== base) continue;
    const earlier = byValidator.get(report.validator);
    const same = earlier === undefined || earlier?.signature === report.signature;
    byValidator.set(report.validator, same ? report : null);
  }
  const keyOf = ({ uid, hotkey }: Pick<Miner, "uid" | "hotkey">): string => `${uid} ${hotkey}`;
  const votesOn = new Map(miners.map((miner) => [keyOf(miner), { miner, votes: [] as Vote[] }]));
  for (const [validator, report] of byValidator) {
    const stake = stakes.get(validator) ?? 0n;
    if (report === null || stake === 0n) continue;
    for (const entry of report.entries) votesOn.get(keyOf(entry))?.votes.push({ entry, stake });
  }
  const kept = new Set(unheard.filter((hotkey) => !byValidator.has(hotkey)));
  const voters = { stakes, unheard: sumStake([...kept].map((hotkey) => stakes.get(hotkey) ?? 0n)) };
  return [...votesOn.values()]
    .map(({ miner: { uid, hotkey, reveal }, votes }) => ({ uid, hotkey, ...agree(votes, voters, reveal) }))
    .sort((a, b) => a.uid - b.uid || compareTexts(a.hotkey, b.hotkey));
};

interface Voters {
  readonly stakes: Stakes;
  /** Stake of those whose reports are unheard. */
  readonly unheard: bigint;
}

const agree = (
  votes: readonly Vote[],
  { stakes, unheard }: Voters,
  reveal: Miner["reveal"],
): Omit<AgreedOutcome, "uid" | "hotkey"> => {
  const scored = votes.filter(({ entry }) => entry.verdict === "scored");
  const winners = heaviest(scored);
  const failed = votes.filter(({ entry }) => entry.reason === "validator_failed");
  const against = votes.filter(({ entry }) => entry.verdict === "rejected" || entry.reason === "unreachable");
  const judging = sumStake([...scored, ...against].map(({ stake }) => stake));
  const halves = { stakes, unheard, there: judging + unheard };
  const isJudged = judging > 0n;
  const worth = agreedEntry([...winners].sort(byScore), ({ score }) => score, { ...halves, apart: APART.score });
  const own = agreedEntry([...winners].sort(byIndependence), independenceOf, { ...halves, apart: APART.independence });
  if (worth && own) {
    const { group, artifact, lossReduction, standardError, score } = worth;
    const { independence } = own;
    return {
      group,
      artifact,
      verdict: "scored",
      reason: null,
      lossReduction,
      standardError,
      score,
      independence,
      isJudged,
    };
  }
  // Else less than half of the stake could have work rejected while some of the others are away or fail themselves, or by choosing whose reports count. Nor is
  // work rejected that a majority scored without agreeing on a figure.
  const isForIt = isMoreThanHalf(sumStake(winners.map(({ stake }) => stake)) + unheard, halves.there);
  const isAbstained = judging === 0n || isForIt || isMajority(sumStake(stakes.values()) - judging, stakes);
  const sides = isAbstained ? [failed, against, scored] : [against, scored];
  const [speaker] = heaviest(sides.find((side) => side.length > 0) ?? []);
  return {
    group: reveal?.group ?? null,
    artifact: speaker?.entry.artifact ?? null,
    verdict: isAbstained ? "abstained" : "rejected",
    reason: speaker?.entry.reason ?? null,
    lossReduction: null,
    standardError: null,
    score: 0,
    independence: null,
    isJudged,
  };
};

/** What halves are taken of. */
interface Halves extends Voters {
  /** Stake of those who judge the miner or are unheard. */
  readonly there: bigint;
}

/** So many times what a majority gives at least is agreed on at most. Honest figures of one update differ by less, unless of a few batches that one had time for. */
const MOST = 2;
/**
 * Part by which honest figures differ at most where all had the time. Of a score a hundredth of what an update gains is what an own evaluator may be off by.
 * Independence each validator measures among the updates that it has: a quarter is what one training of twice the usual part does to four others' figures.
 */
const APART = { score: 0.01, independence: 0.25 };

/**
 * The entry whose figure is agreed on: the largest that more than half of those who are there give at least. The largest that a majority gives at least is a
 * liar's with less stake than the honest, where a part of these is away or fails itself; but what is far above that, one with more stake than they
 * may have made up. So nothing is agreed on above it by far, nor where the unheard could have given more.
 *
 * @param descending votes of those who scored the same artifact in the same group, by the figure
 * @param apart of what the unheard could have made it, the part that may be missing
 */
const agreedEntry = (
  descending: readonly Vote[],
  figureOf: (entry: ReportEntry) => number,
  { stakes, unheard, there, apart }: Halves & { readonly apart: number },
): ReportEntry | null => {
  const least = marginalVote(descending, stakes)?.entry;
  const entry = voteAtHalf(descending, { of: there })?.entry;
  const most = voteAtHalf(descending, { of: there, above: unheard })?.entry;
  if (!least || !entry || !most) return null;
  const isBacked = figureOf(entry) <= MOST * figureOf(least);
  return isBacked && (1 - apart) * figureOf(most) <= figureOf(entry) ? entry : null;
};

const independenceOf = ({ independence }: ReportEntry): number => independence ?? 0;

/** Descending. Equal scores are ordered by their inputs, so that the figures beside a score do not depend on the order of votes. */
const byScore = ({ entry: a }: Vote, { entry: b }: Vote): number =>
  b.score - a.score ||
  (b.lossReduction ?? 0) - (a.lossReduction ?? 0) ||
  (b.standardError ?? 0) - (a.standardError ?? 0);

const byIndependence = ({ entry: a }: Vote, { entry: b }: Vote): number => independenceOf(b) - independenceOf(a);

/** The votes of equal reason, artifact and group that have the most stake. Of equal stake, those whose triple comes first in order. */
const heaviest = (votes: readonly Vote[]): readonly Vote[] => {
  const sides = new Map<string, Vote[]>();
  for (const vote of votes) {
    const key = JSON.stringify(saidBy(vote));
    const side = sides.get(key) ?? [];
    side.push(vote);
    sides.set(key, side);
  }
  const [first] = [...sides.values()]
    .map((side) => ({ side, said: saidBy(side[0]!), stake: sumStake(side.map(({ stake }) => stake)) }))
    .sort((a, b) => (a.stake === b.stake ? compareSaid(a.said, b.said) : a.stake > b.stake ? -1 : 1));
  return first?.side ?? [];
};

type Said = readonly (string | null)[];

const saidBy = ({ entry: { reason, artifact, group } }: Vote): Said => [reason, artifact, group];

/** By reason, then artifact, then group. Null comes before any text. */
const compareSaid = (a: Said, b: Said): number => {
  const differing = a.findIndex((one, i) => one !== b[i]);
  if (differing === -1) return 0;
  const [left, right] = [a[differing] ?? null, b[differing] ?? null];
  if (left === null) return -1;
  return right === null ? 1 : compareTexts(left, right);
};
