import { roundAt, timeOfRound } from "#shared/chain/timelock/beacon.js";
import { type BeaconContext, drandTimes } from "../source.js";
import { lastBlockInTime } from "../timed-blocks.js";
import { beaconWindows } from "../windows.js";
import type { ContributionRules } from "./rules.js";

/** The blocks and the round of a cycle's contributions. */
export interface ContributionSchedule {
  /** The last block before the sealing window. Its time gives the round. */
  readonly opening: number;
  /** The round that opens the seals. */
  readonly round: number;
  /** First block in which a seal counts. */
  readonly sealingFrom: number;
  /** Last block in which a seal counts: the window's last that is `margin` seconds before the pulse. Null if there is none. */
  readonly sealedUntil: number | null;
  /** First block in which a held record counts. */
  readonly holdingFrom: number;
  /** Last block in which a held record counts: the window's last before the pulse. Null if there is none. */
  readonly heldUntil: number | null;
  /** First and last block of those that make the value if there is no pulse; the last one decides whether it is there. */
  readonly blocks: { readonly first: number; readonly deciding: number };
}

/** The round to which a cycle's contributions are sealed: `rounds` after the newest one at the last block before the window. */
export const sealRound = (opening: number, drand: BeaconContext["drand"], { rounds }: ContributionRules): number =>
  roundAt(opening, drandTimes(drand)) + rounds;

/** Null for cycle 0, which has no sealing window. @throws what reading the chain throws */
export const contributionSchedule = async (
  {
    chain,
    network,
    drand,
  }: Pick<BeaconContext, "network" | "drand"> & {
    readonly chain: Pick<BeaconContext["chain"], "timestamp">;
  },
  rules: ContributionRules,
  cycle: number,
): Promise<ContributionSchedule | null> => {
  const { sealing, holding, deciding } = beaconWindows(cycle, network.phases);
  if (sealing.start === 0) return null;
  const opening = sealing.start - 1;
  const round = sealRound(await chain.timestamp(opening), drand, rules);
  const pulseTime = timeOfRound(round, drandTimes(drand));
  const timestamp = (block: number) => chain.timestamp(block);
  return {
    opening,
    round,
    sealingFrom: sealing.start,
    sealedUntil: await lastBlockInTime(sealing, (time) => time <= pulseTime - rules.margin * 1000, timestamp),
    holdingFrom: holding.start,
    heldUntil: await lastBlockInTime(holding, (time) => time < pulseTime, timestamp),
    blocks: { first: holding.end, deciding },
  };
};
