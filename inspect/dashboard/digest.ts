import { meanWeights } from "#shared/chain/mean-weights.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { ReportEntry } from "#shared/protocol/report.js";
import { marginalVote } from "#shared/protocol/voting/stake.js";
import type { AgreedOutcome } from "#shared/protocol/voting/tally.js";
import { participationIn } from "#shared/replay/participation.js";
import { groupStandings, type Standing, standingShares } from "#shared/rewards/cycle-weights.js";
import { paidPart } from "#shared/rewards/progress.js";
import { inTokens } from "#shared/util/tokens.js";
import { derivationOf, figuresOf } from "../explain/derivation.js";
import type { CycleFacts } from "../explain/read-miners-cycle.js";
import { payPartsOf } from "../explain/read-sprints.js";
import type { MinerCycle, ValidatorCycle } from "./snapshot.js";

/** Updates that a digest names of a model at most. */
const MOST_MERGED = 1024;

/** What the dashboard keeps of a cycle. */
export interface CycleDigest {
  readonly cycle: number;
  readonly isWhole: boolean;
  /** The model that the cycle's merge made. Null if there is none, or not yet. */
  readonly model: string | null;
  /** Whether `model` can no longer change, and weights and pay are those of the cycle's last block. */
  readonly isSettled: boolean;
  readonly steps: Readonly<Record<string, number>>;
  readonly merged: readonly { readonly uid: number; readonly group: string; readonly share: number }[];
  readonly groups: Readonly<Record<string, GroupCycle>>;
  readonly miners: readonly MinerCycle[];
  readonly validators: readonly ValidatorCycle[];
}

export interface GroupCycle {
  /** Loss of the model that the cycle started from, nats per token. Null if no report that counts has it. */
  readonly loss: number | null;
  readonly bitsPerByte: number | null;
  /** Null if the choice is not known, or too few validators voted to tell. */
  readonly improved: boolean | null;
}

/** @param bitsPerByte of a group's base model at a loss over so many batches; null where its text is not at hand */
export const digestCycle = (
  facts: CycleFacts,
  bitsPerByte: (group: string, loss: number, batches: number) => number | null = () => null,
): CycleDigest => {
  const { cycle, said, made, window, after, head, network } = facts;
  const progress = window.progress.find((one) => one.cycle === cycle);
  return {
    cycle,
    isWhole: said.isWhole,
    model: made.model,
    isSettled: made.isSettled && head >= after.block + 1,
    steps: made.steps ?? {},
    merged: (made.merged ?? []).slice(0, MOST_MERGED).map(({ uid, group, share }) => ({ uid, group, share })),
    groups: Object.fromEntries(
      Object.keys(network.groups).map((group) => {
        const baseline = agreedBaseline(facts, group);
        return [
          group,
          {
            loss: baseline?.loss ?? null,
            bitsPerByte: baseline && bitsPerByte(group, baseline.loss, baseline.batches),
            improved: !progress || progress.undecided.includes(group) ? null : progress.improved.includes(group),
          },
        ];
      }),
    ),
    miners: minersOf(facts),
    validators: validatorsOf(facts),
  };
};

/** The vote at the margin: the largest loss that more than half of the stake measured at least. Of lies, it is never above an honest majority's. */
const agreedBaseline = (
  { said }: CycleFacts,
  group: string,
): { readonly loss: number; readonly batches: number } | null => {
  const votes = said.validators.flatMap(({ stake, report, problem }) => {
    const baseline = problem === null ? report?.baseline[group] : undefined;
    return baseline ? [{ stake, ...baseline }] : [];
  });
  return (
    marginalVote(
      votes.sort((a, b) => b.loss - a.loss),
      said.stakes,
    ) ?? null
  );
};

const minersOf = (facts: CycleFacts): readonly MinerCycle[] => {
  const { cycle, network, said, window, after, made, submissions } = facts;
  const standings = groupStandings(network, after.holders, window.history, cycle);
  const { window: length } = network.scoring;
  const shares = standingShares(network, after.holders, standings, {
    paid: (group) => paidPart(window.progress, group, { cycle, window: length }),
    ...payPartsOf(network, facts.sprints),
  });
  const places = placesOf(standings);
  const weights = meanWeights(after.weights, after.holders.neurons);
  const commit = phaseWindow(cycle, "commit", network.phases);
  return said.outcomes.map((outcome): MinerCycle => {
    const { uid, hotkey, group, verdict, reason, score, lossReduction, independence } = outcome;
    const place = places.get(`${uid} ${hotkey}`);
    const holder = after.holders.neurons.find((one) => one.uid === uid && one.hotkey === hotkey);
    const submission = submissions.find((one) => one.uid === uid && one.hotkey === hotkey);
    return {
      uid,
      hotkey,
      group,
      verdict,
      reason,
      score,
      lossReduction,
      interval: intervalOf(outcome, facts),
      independence,
      rank: place?.rank ?? null,
      ranked: place?.of ?? null,
      meanScore: place?.score ?? null,
      share: holder ? (shares.get(uid) ?? 0) : 0,
      weight: holder ? (weights.get(uid) ?? 0) : 0,
      emission: inTokens(holder?.emission ?? 0n),
      merged: made.merged?.find((one) => one.uid === uid && one.hotkey === hotkey)?.share ?? null,
      spare: submission?.commitment ? commit.end - submission.commitment.block : null,
    };
  });
};

const placesOf = (standings: ReadonlyMap<string, readonly Standing[]>) =>
  new Map(
    [...standings.values()].flatMap((ranked) =>
      ranked.map(
        ({ uid, hotkey, score }, at) =>
          [`${uid} ${hotkey}`, { rank: score > 0 ? at + 1 : null, of: ranked.length, score }] as const,
      ),
    ),
  );

/** The interval by the figures of a validator that gave the agreed score. */
const intervalOf = (outcome: AgreedOutcome, { said, network }: CycleFacts): readonly [number, number] | null => {
  if (outcome.verdict !== "scored") return null;
  const entry = said.validators
    .flatMap(({ report, problem }) => (problem === null && report ? report.entries : []))
    .find((one) => isSame(one, outcome));
  const figures = entry && figuresOf(entry);
  if (!figures) return null;
  const { lowerBound } = derivationOf(figures, network.scoring);
  return [lowerBound, 2 * figures.lossReduction - lowerBound];
};

const isSame = (entry: ReportEntry, outcome: AgreedOutcome): boolean =>
  entry.uid === outcome.uid &&
  entry.hotkey === outcome.hotkey &&
  entry.artifact === outcome.artifact &&
  entry.score === outcome.score &&
  entry.lossReduction === outcome.lossReduction;

const validatorsOf = ({ cycle, network, said, holders }: CycleFacts): readonly ValidatorCycle[] => {
  const { exchange, validators, outcomes } = said;
  const { start, end } = phaseWindow(cycle, "evaluate", network.phases);
  const reports = validators.flatMap(({ report }) => (report ? [report] : []));
  const uids = new Map(holders.neurons.map(({ hotkey, uid }) => [hotkey, uid]));
  return participationIn(exchange, reports, outcomes).map(({ hotkey, votes, stakeShare, agreement, deviation }) => {
    const record = exchange.reports.find((one) => one.hotkey === hotkey);
    const problem = validators.find((one) => one.hotkey === hotkey)?.problem ?? null;
    return {
      uid: uids.get(hotkey) ?? null,
      hotkey,
      votes,
      stakeShare,
      agreement,
      deviation,
      lateness: record ? record.block - start : null,
      allowed: end - start,
      problem: problem === null ? null : asciiLine(problem),
    };
  });
};
