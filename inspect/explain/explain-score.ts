import { readOriginal } from "#shared/independence/repeats.js";
import type { Network } from "#shared/protocol/network.js";
import type { ReportEntry } from "#shared/protocol/report.js";
import { countsInMean } from "#shared/protocol/verdict.js";
import { placeIn } from "#shared/protocol/voting/place.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import type { AgreedOutcome } from "#shared/protocol/voting/tally.js";
import type { CycleOutcomes, ReportStatus, WindowOutcomes } from "#shared/replay/cycle-outcomes.js";
import { type AgreedScore, groupStandings, scoresIn, standingShares } from "#shared/rewards/cycle-weights.js";
import { paidPart } from "#shared/rewards/progress.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";
import { type Derivation, derivationOf, figuresOf } from "./derivation.js";
import { sprintFacts } from "./explain-sprint.js";
import type { Agreed, ChainFacts, Explanation, Merge, Opinion, Pay, Place, Window } from "./explanation.js";
import { type AfterMerge, type Holders, type MinersCycle, readMinersCycle } from "./read-miners-cycle.js";
import { payPartsOf } from "./read-sprints.js";

/**
 * Follows one miner's cycle from its commitment to its pay, through chain state and the validators' signed reports.
 *
 * @throws BlockZeroError UID_UNKNOWN; STATE_DISCARDED if the chain no longer has the cycle's state
 */
export const explainScore = async (
  subnet: Pick<OpenedSubnet, "source" | "head">,
  cycle: number,
  uid: number,
): Promise<Explanation> => explainFacts(await readMinersCycle(subnet, cycle, uid));

/** Derives the explanation from the facts that were read. */
export const explainFacts = (facts: MinersCycle): Explanation => {
  const { cycle, head, uid, hotkey, network, holders, submission, said, window: known, after } = facts;
  const miner = { cycle, uid, hotkey };
  const neuron = holders.neurons.find((one) => one.uid === uid);
  const outcome = said.outcomes.find((one) => one.uid === uid && one.hotkey === hotkey) ?? null;
  const validators = said.validators.map((validator) =>
    opinionOf(validator, { said, holders, scoring: network.scoring, uid, hotkey }),
  );
  return {
    ...miner,
    head,
    role: hotkey === holders.ownerHotkey ? "owner" : neuron?.validatorPermit ? "validator" : "miner",
    base: said.base,
    seed: facts.seed,
    commitment: submission?.commitment ?? null,
    reveal: submission?.reveal ?? null,
    update: facts.update,
    validators,
    agreed: outcome && agreedOf(outcome, validators),
    isWhole: said.isWhole,
    duplicate: duplicateOf(validators, holders),
    place: outcome && placeOf(outcome, said.outcomes),
    merge: mergeOf(facts, { hotkey, group: outcome?.group ?? null }),
    window: { ...windowOf(network, known.history, miner), unknown: known.unknown },
    sprint: sprintFacts(network, facts.sprints, miner),
    pay: payOf(network, after.holders, { ...known, sprints: facts.sprints }, miner),
    chain: chainFacts(after, said, uid),
  };
};

interface Miner {
  readonly cycle: number;
  readonly uid: number;
  readonly hotkey: string;
}

const opinionOf = (
  { hotkey: validator, stake, report, problem }: ReportStatus,
  {
    said,
    holders,
    scoring,
    uid,
    hotkey,
  }: {
    readonly said: CycleOutcomes;
    readonly holders: Holders;
    readonly scoring: Network["scoring"];
  } & Omit<Miner, "cycle">,
): Opinion => {
  const entry = problem === null ? report?.entries.find((one) => one.uid === uid && one.hotkey === hotkey) : undefined;
  return {
    hotkey: validator,
    uid: uidOf(holders, validator),
    stakeShare: Number(stake) / Number(sumStake(said.stakes.values())),
    silence: problem ?? (entry ? null : "its report does not name the miner"),
    isUnheard: said.exchange.unheard.includes(validator),
    artifact: entry?.artifact ?? null,
    verdict: entry?.verdict ?? null,
    reason: entry?.reason ?? null,
    detail: entry?.detail ?? null,
    lossReduction: entry?.lossReduction ?? null,
    standardError: entry?.standardError ?? null,
    batches: entry?.batches ?? null,
    growth: entry?.growth ?? null,
    score: entry?.score ?? null,
    derivation: entry ? derivationIn(entry, scoring) : null,
  };
};

/** A valid report has all figures for an update that it scored, and none for any other. */
const derivationIn = (entry: ReportEntry, scoring: Network["scoring"]): Derivation | null => {
  const figures = figuresOf(entry);
  return entry.verdict === "scored" && figures ? derivationOf(figures, scoring) : null;
};

const uidOf = ({ neurons }: Holders, hotkey: string): number | null =>
  neurons.find((neuron) => neuron.hotkey === hotkey)?.uid ?? null;

const agreedOf = (outcome: AgreedOutcome, validators: readonly Opinion[]): Agreed => {
  const { uid: _, hotkey: __, ...agreed } = outcome;
  const stakeOf = (is: (opinion: Opinion) => boolean) =>
    validators.filter(is).reduce((sum, { stakeShare }) => sum + stakeShare, 0);
  return {
    ...agreed,
    scoredBy: Math.max(
      0,
      ...validators.map(({ artifact }) =>
        stakeOf((other) => other.verdict === "scored" && other.artifact === artifact),
      ),
    ),
    rejectedBy: stakeOf(({ verdict, reason }) => verdict === "rejected" || reason === "unreachable"),
  };
};

const duplicateOf = (validators: readonly Opinion[], holders: Holders): Explanation["duplicate"] => {
  for (const { reason, detail } of validators) {
    const original = reason === "duplicate" && detail !== null ? readOriginal(detail) : null;
    if (original) return { ...original, uid: uidOf(holders, original.hotkey) };
  }
  return null;
};

const placeOf = (outcome: AgreedOutcome, outcomes: readonly AgreedOutcome[]): Place | null => {
  const { group, verdict } = outcome;
  if (group === null || verdict !== "scored") return null;
  const scored = outcomes.filter((other) => other.group === group && other.verdict === "scored");
  return { group, place: placeIn(scored, outcome), of: scored.length };
};

const mergeOf = (
  { made: { model, isSettled, merged, steps }, network, window, cycle }: MinersCycle,
  { hotkey, group }: Pick<AgreedOutcome, "hotkey" | "group">,
): Merge => ({
  model,
  isSettled,
  share: merged?.find((update) => update.hotkey === hotkey)?.share ?? null,
  stoodStill: group !== null && steps?.[group] === 0,
  isUndecided: group !== null && window.progress.some((one) => one.cycle === cycle && one.undecided.includes(group)),
  along: (group !== null && network.training.outer.steps[(steps?.[group] ?? 0) - 1]?.along) || null,
  topN: network.scoring.top_n,
  isKnown: merged !== null,
});

const windowOf = (
  { scoring }: Network,
  history: readonly AgreedScore[],
  { cycle, uid, hotkey }: Miner,
): Omit<Window, "unknown"> => {
  const own = history.filter((entry) => entry.uid === uid && entry.hotkey === hotkey);
  const group = own.findLast(({ verdict }) => verdict === "scored")?.group;
  const counted = new Set(group == null ? own : scoresIn(own, group));
  const first = cycle - scoring.window + 1;
  return {
    length: scoring.window,
    cycles: Array.from({ length: scoring.window }, (_, i) => {
      const entry = own.find((one) => one.cycle === first + i);
      const isOfGroup = entry !== undefined && counted.has(entry);
      return {
        cycle: first + i,
        verdict: entry?.verdict ?? null,
        score: isOfGroup ? entry.score : 0,
        counts: !isOfGroup || countsInMean(entry.verdict),
      };
    }),
  };
};

const payOf = (
  network: Network,
  holders: Holders,
  { history, progress, sprints }: Pick<WindowOutcomes, "history" | "progress"> & Pick<MinersCycle, "sprints">,
  { cycle, uid, hotkey }: Miner,
): Pay | null => {
  const parts = payPartsOf(network, sprints);
  const { window } = network.scoring;
  const paid = (group: string) => paidPart(progress, group, { cycle, window });
  const standings = groupStandings(network, holders, history, cycle);
  for (const [group, ranked] of standings) {
    const at = ranked.findIndex((one) => one.uid === uid && one.hotkey === hotkey);
    if (at < 0) continue;
    const { rewards, burn } = network.scoring;
    return {
      group,
      place: ranked[at]!.score > 0 ? at + 1 : null,
      of: ranked.length,
      score: ranked[at]!.score,
      curve: rewards.curve,
      pool: 1 / standings.size,
      paid: paid(group),
      burn,
      gate: parts.gate?.(hotkey) ?? 1,
      share: standingShares(network, holders, standings, { paid, ...parts }).get(uid) ?? 0,
    };
  }
  return null;
};

const chainFacts = ({ block, holders, weights }: AfterMerge, { stakes }: CycleOutcomes, uid: number): ChainFacts => {
  const own = holders.neurons.find((neuron) => neuron.uid === uid);
  return {
    block,
    weights: weights.flatMap((row) => {
      const validator = holders.neurons.find((neuron) => neuron.uid === row.uid);
      if (!validator || !stakes.has(validator.hotkey)) return [];
      const sum = row.weights.reduce((total, [, weight]) => total + weight, 0);
      const weight = row.weights.find(([target]) => target === uid)?.[1] ?? 0;
      return [{ validator: validator.hotkey, share: sum > 0 ? weight / sum : 0, since: validator.lastUpdate }];
    }),
    incentive: own?.incentive ?? 0,
    emission: String(own?.emission ?? 0n),
  };
};
