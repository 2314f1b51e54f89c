import { drandBeacon, roundAt, timeOfRound } from "#shared/chain/timelock/beacon.js";
import type { ContributionRules } from "#shared/protocol/network-file/contribution-rules.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import type { BeaconContext } from "../source.js";
import { lastBlockInTime } from "../timed-blocks.js";
import { beaconWindows } from "../windows.js";
import { chooseContributors } from "./contributors.js";
import type { ContributionSource } from "./source.js";

/** What is known of a cycle's contributions when sealing begins. */
export interface SealTerms {
  /** The last block before the sealing window. Its time gives the round, its state the contributors and the voting stake. */
  readonly opening: number;
  /** The round that opens the seals. */
  readonly round: number;
  /** Who contributes, by ascending hotkey. */
  readonly contributors: readonly string[];
}

type TimedContext = Pick<BeaconContext, "network" | "drand"> & {
  readonly chain: Pick<BeaconContext["chain"], "timestamp">;
  readonly rules: ContributionRules;
};

/** The round to which a cycle's contributions are sealed: `rounds` after the newest one at the last block before the window. */
export const sealRound = (opening: number, drand: BeaconContext["drand"], { rounds }: ContributionRules): number =>
  roundAt(opening, drandBeacon(drand)) + rounds;

/** The terms of a cycle's contributions, once the last block before the sealing window is on chain. @throws what reading the chain throws */
export const readTerms = async (
  source: TimedContext & Pick<ContributionSource, "weights">,
  cycle: number,
): Promise<SealTerms> => {
  const { sealing } = beaconWindows(cycle, source.network.phases);
  const opening = sealing.start - 1;
  const round = sealRound(await source.chain.timestamp(opening), source.drand, source.rules);
  const contributors = chooseContributors(await source.weights(cycle, opening), source.rules.most);
  return { opening, round, contributors };
};

/**
 * The blocks for seals, once the sealing window is over: those at least `margin` seconds before the pulse. Null if there are none.
 *
 * @throws what reading the chain throws
 */
export const sealingBlocks = (source: TimedContext, cycle: number, round: number): Promise<BlockRange | null> => {
  const { sealing } = beaconWindows(cycle, source.network.phases);
  const latest = timeOfRound(round, drandBeacon(source.drand)) - source.rules.margin * 1000;
  return blocksInTime(source, sealing, (time) => time <= latest);
};

/**
 * The blocks for held records, once the deciding block is on chain: those of the holding window that `lead` more blocks follow before the
 * pulse. Null if there are none. @throws the same
 */
export const holdingBlocks = (source: TimedContext, cycle: number, round: number): Promise<BlockRange | null> => {
  const { holding, deciding } = beaconWindows(cycle, source.network.phases);
  const { lead = 0 } = source.rules;
  const pulse = timeOfRound(round, drandBeacon(source.drand));
  const window = { start: holding.start, end: Math.min(holding.end, deciding + 1 - lead) };
  return blocksInTime(source, window, (time) => time < pulse, lead);
};

/** @param lead the blocks after one whose time decides for it */
const blocksInTime = async (
  { chain }: TimedContext,
  window: BlockRange,
  isInTime: (timestamp: number) => boolean,
  lead = 0,
): Promise<BlockRange | null> => {
  const last = await lastBlockInTime(window, isInTime, (block) => chain.timestamp(block + lead));
  return last === null ? null : { start: window.start, end: last + 1 };
};
