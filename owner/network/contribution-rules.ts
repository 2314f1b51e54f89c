import { beaconWindows } from "#shared/beacon/windows.js";
import { type ContributionRules, contributionRulesSchema } from "#shared/protocol/network-file/contribution-rules.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import type { Pace } from "../seal/seal-pace.js";

/** Longest time from the last seal to the pulse that is asked for, in seconds, and the shortest that a network file may have. */
const MARGIN = 60;
const LEAST_MARGIN = 1;

/** Blocks between a held record and the pulse that are asked for, and those that are left for records. */
const LEAD = 2;
const LEAST_HOLDING = 2;

/**
 * What the network file says of sealed contributions at a chain's pace. The seals open between the first block of the reveal phase and the
 * one that decides, so that blocks may be late and the pulse too.
 */
export const contributionRules = (phases: PhaseLengths, { beacon: { period }, blockTime }: Pace): ContributionRules => {
  const { sealing, holding, deciding } = beaconWindows(1, phases);
  const opening = sealing.start - 1;
  const opens = holding.end + Math.floor((deciding - holding.end) / 2) - 1 / 2;
  // The last block before the pulse is ⌊opens⌋.
  const lead = Math.min(LEAD, Math.floor(opens) + 1 - holding.start - LEAST_HOLDING);
  return contributionRulesSchema.parse({
    rounds: Math.max(2, Math.ceil(((opens - opening) * blockTime) / period)),
    margin: Math.max(LEAST_MARGIN, Math.min(MARGIN, (holding.start - sealing.end) * blockTime)),
    ...(lead > 0 && { lead }),
  });
};
