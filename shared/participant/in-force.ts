import { contextOf } from "#shared/replay/succession.js";
import { cycleSource } from "./cycle-source.js";
import type { Participant } from "./participant.js";

/** Somebody under the network file that was in force in a cycle. @throws what fetching a former file throws */
export const inForce = async <W extends { readonly participant: Participant }>(who: W, cycle: number): Promise<W> => {
  const { network, networkHash } = await contextOf(cycleSource(who.participant), cycle);
  return { ...who, participant: { ...who.participant, network, networkHash } };
};
