import { cycleLength } from "#shared/protocol/phases.js";
import { lastBlockFor, readPhaseRecords } from "./phase-records.js";
import type { CycleContext } from "./source.js";

/**
 * The expert group that each hotkey revealed in the last cycle whose reveal phase is over at a block. Only groups of the network count.
 *
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the state at the end of that phase
 */
export const revealedGroups = async (
  context: Pick<CycleContext, "network" | "networkHash"> & {
    readonly chain: Pick<CycleContext["chain"], "commitments">;
  },
  block: number,
): Promise<ReadonlyMap<string, string>> => {
  const { phases, groups } = context.network;
  const current = Math.floor(block / cycleLength(phases));
  const cycle = lastBlockFor("reveal", current, context) <= block ? current : current - 1;
  if (cycle < 0) return new Map();
  const revealed = await readPhaseRecords(context, "reveal", cycle);
  return new Map(
    [...revealed].flatMap(([hotkey, { record }]) =>
      Object.hasOwn(groups, record.group) ? [[hotkey, record.group]] : [],
    ),
  );
};
