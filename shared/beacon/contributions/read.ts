import type { Verify } from "#shared/protocol/signing.js";
import { type CycleName, verifiedPulse, weakerValue } from "../fallback.js";
import { type BeaconContext, DRAND_TIMELOCK, type FetchFile, type ReadWeights } from "../source.js";
import type { Beacon, BeaconValue, Dropped } from "../value.js";
import { compareTexts } from "../weights.js";
import { beaconWindows } from "../windows.js";
import { type ExpectedContribution, MAX_CONTRIBUTION_BYTES, readContribution } from "./contribution.js";
import { chooseContributors } from "./contributors.js";
import { type CommittedSeal, committedSeals, countedSeals } from "./held.js";
import { mixOpenings } from "./mix.js";
import type { ContributionRules } from "./rules.js";
import { type ContributionSchedule, contributionSchedule } from "./schedule.js";
import { readOpening, type Unseal } from "./seal.js";

export interface ContributionSource extends BeaconContext {
  readonly rules: ContributionRules;
  readonly weights: ReadWeights;
  readonly fetch: FetchFile;
  readonly verify: Verify;
}

/** The contributions of a cycle, before any of them can be opened. */
export interface ReadSeals {
  readonly schedule: ContributionSchedule;
  readonly contributors: readonly string[];
  /** Those on chain in time, by ascending uid: the numbers of held records. */
  readonly committed: readonly CommittedSeal[];
}

/** The scheme of sealed contributions. */
export const contributionBeacon = (source: ContributionSource): Beacon => ({
  scheme: "contributions",
  value: (cycle) => contributionValue(source, cycle),
});

/**
 * Who contributes to a cycle, and whose seals are on chain. A validator fetches those, checks each with `readContribution` and puts their
 * numbers in its `sealheld` record. Null for cycle 0. @throws what reading the chain throws
 */
export const readSeals = async (
  source: Pick<ContributionSource, "chain" | "network" | "networkHash" | "drand" | "rules" | "weights">,
  cycle: number,
): Promise<ReadSeals | null> => {
  const schedule = await contributionSchedule(source, source.rules, cycle);
  if (schedule === null) return null;
  const contributors = chooseContributors(await source.weights(cycle, schedule.opening), source.rules.most);
  if (schedule.sealedUntil === null) return { schedule, contributors, committed: [] };
  const name = { network: source.networkHash, cycle };
  const blocks = { from: schedule.sealingFrom, until: schedule.sealedUntil };
  const state = await stateAt(source, schedule.sealedUntil);
  return { schedule, contributors, committed: committedSeals(state, { name, blocks, contributors }) };
};

const contributionValue = async (source: ContributionSource, cycle: number): Promise<BeaconValue> => {
  const name: CycleName = { network: source.networkHash, cycle };
  const read = await readSeals(source, cycle);
  if (read === null) {
    const { holding, deciding } = beaconWindows(cycle, source.network.phases);
    const blocks = await hashesOf(source, { first: holding.end, deciding });
    return weakerValue({ ...name, pulse: null, blocks, dropped: [] });
  }
  const { schedule, contributors, committed } = read;
  const counted = await countedOf(source, read, cycle);
  const pulse = await verifiedPulse(source, schedule.round, schedule.blocks.deciding);
  const why = new Map(contributors.map((hotkey) => [hotkey, "no seal on chain in time"]));
  for (const { hotkey } of committed) why.set(hotkey, "not held by a majority of the stake before the pulse");
  for (const { hotkey } of counted) why.delete(hotkey);
  const dropped = () => droppedFrom(why);
  if (pulse === null) {
    for (const { hotkey } of counted) why.set(hotkey, "no pulse to open its seal with");
    const blocks = await hashesOf(source, schedule.blocks);
    return weakerValue({ ...name, pulse: null, blocks, dropped: dropped() });
  }
  const unseal = (source.timelock ?? DRAND_TIMELOCK).opener(pulse);
  const openings = new Map<string, Uint8Array>();
  for (const seal of counted) {
    const expected = { ...name, hotkey: seal.hotkey, round: schedule.round };
    const opening = await openingOf(source, seal, expected, unseal);
    if (opening.ok) openings.set(seal.hotkey, opening.value);
    else why.set(seal.hotkey, opening.problem);
  }
  if (openings.size === 0 || schedule.sealedUntil === null) {
    const blockHash = await source.chain.blockHash(schedule.opening);
    return weakerValue({ ...name, pulse: { signature: pulse, blockHash }, blocks: [], dropped: dropped() });
  }
  const blockHash = await source.chain.blockHash(schedule.sealedUntil + 2);
  return {
    value: mixOpenings({ ...name, pulse, openings, blockHash }),
    origin: "contributions",
    contributors: [...openings.keys()].sort(compareTexts),
    dropped: dropped(),
  };
};

const countedOf = async (
  source: ContributionSource,
  { schedule, committed }: ReadSeals,
  cycle: number,
): Promise<readonly CommittedSeal[]> => {
  const { heldUntil, holdingFrom } = schedule;
  if (heldUntil === null || committed.length === 0) return [];
  const name = { network: source.networkHash, cycle };
  const blocks = { from: holdingFrom, until: heldUntil };
  return countedSeals(committed, await stateAt(source, heldUntil), { name, blocks, voting: source.network.voting });
};

const openingOf = async (
  { fetch, verify }: Pick<ContributionSource, "fetch" | "verify">,
  { hotkey, hash, location }: CommittedSeal,
  expected: ExpectedContribution,
  unseal: Unseal,
) => {
  const what = `the contribution of ${hotkey}`;
  const bytes = await fetch({ hash, location, maxBytes: MAX_CONTRIBUTION_BYTES, what });
  const contribution = readContribution(bytes, expected, verify);
  if (!contribution.ok) return contribution;
  return readOpening(Buffer.from(contribution.value.sealed, "hex"), expected, unseal);
};

const stateAt = async ({ chain, network }: Pick<BeaconContext, "chain" | "network">, at: number) => {
  const [metagraph, commitments] = await Promise.all([
    chain.metagraph(network.netuid, at),
    chain.commitments(network.netuid, at),
  ]);
  return { metagraph, commitments };
};

const hashesOf = (
  { chain }: Pick<BeaconContext, "chain">,
  { first, deciding }: ContributionSchedule["blocks"],
): Promise<readonly string[]> =>
  Promise.all(Array.from({ length: deciding - first + 1 }, (_, i) => chain.blockHash(first + i)));

const droppedFrom = (why: ReadonlyMap<string, string>): readonly Dropped[] =>
  [...why].sort(([a], [b]) => compareTexts(a, b)).map(([hotkey, reason]) => ({ hotkey, why: reason }));
