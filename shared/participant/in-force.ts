import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { contextOf } from "#shared/replay/succession.js";
import { cycleSource } from "./cycle-source.js";
import type { Participant } from "./participant.js";
import { throughFaults } from "./through-faults.js";

/**
 * Somebody under the network file that was in force in a cycle. A former file that does not come is asked for again at every block before `deadline`.
 *
 * @throws what fetching a former file throws
 */
export const inForce = async <W extends { readonly participant: Participant }>(
  who: W,
  cycle: number,
  deadline: number,
): Promise<W> => {
  const limit = { name: `the network file of cycle ${cycle}`, deadline };
  const ask = () => contextOf(cycleSource(who.participant), cycle);
  const { network, networkHash } = await throughFaults(who.participant, limit, ask, isFetchFault);
  return { ...who, participant: { ...who.participant, network, networkHash } };
};
