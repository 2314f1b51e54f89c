import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { CycleContext } from "#shared/replay/source.js";
import { contextOf } from "#shared/replay/succession.js";
import { cycleSource } from "./cycle-source.js";
import type { Participant } from "./participant.js";
import { throughFaults } from "./through-faults.js";

type Named = Pick<CycleContext, "network" | "networkHash">;

/** A participant under another network file, such as the one that was in force in a past cycle. */
export const underNetwork = <P extends Named>(participant: P, { network, networkHash }: Named): P => ({
  ...participant,
  network,
  networkHash,
});

/**
 * Somebody under the network file that was in force in a cycle. A former file that does not come is asked for again at every block before `deadline`.
 *
 * @throws what fetching a former file throws
 */
export const underNetworkOf = async <W extends { readonly participant: Participant }>(
  who: W,
  cycle: number,
  deadline: number,
): Promise<W> => {
  const { participant } = who;
  const limit = { name: `the network file of cycle ${cycle}`, deadline };
  const ask = () => contextOf(cycleSource(participant), cycle);
  return { ...who, participant: underNetwork(participant, await throughFaults(participant, limit, ask, isFetchFault)) };
};
