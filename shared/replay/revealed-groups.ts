import { cycleLength, isInPhase, phaseWindow } from "#shared/protocol/phases.js";
import { parseRecord, shortHash } from "#shared/protocol/records.js";
import type { CycleContext } from "./source.js";

/**
 * The expert group that each hotkey revealed in the last cycle whose reveal phase is over at a block. Only groups that the network has count.
 *
 * @throws BlockZeroError STATE_DISCARDED where the chain no longer has the state at the end of that phase
 */
export const revealedGroups = async (
  {
    chain,
    network,
    networkHash,
  }: Pick<CycleContext, "network" | "networkHash"> & {
    readonly chain: Pick<CycleContext["chain"], "commitments">;
  },
  block: number,
): Promise<ReadonlyMap<string, string>> => {
  const { phases, groups, netuid } = network;
  const current = Math.floor(block / cycleLength(phases));
  const cycle = phaseWindow(current, "reveal", phases).end <= block + 1 ? current : current - 1;
  const found = new Map<string, string>();
  if (cycle < 0) return found;
  const commitments = await chain.commitments(netuid, phaseWindow(cycle, "reveal", phases).end - 1);
  for (const { hotkey, data, block: included } of commitments) {
    const record = parseRecord(data);
    if (!record.ok || record.value.type !== "reveal") continue;
    const { value } = record;
    const counts =
      value.cycle === cycle &&
      value.network === shortHash(networkHash) &&
      Object.hasOwn(groups, value.group) &&
      isInPhase(included, cycle, "reveal", phases);
    if (counts) found.set(hotkey, value.group);
  }
  return found;
};
