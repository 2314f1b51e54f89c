import { phaseWindow } from "#shared/protocol/phases.js";
import type { Participant } from "../participant.js";

/**
 * Hash of the model that `cycle` trains from, as soon as it is certain: when the validators agree on the last merge, or else at the end of
 * the distribute phase, with the newest model that they do agree on.
 */
export const awaitBaseModel = async (
  participant: Pick<Participant, "clock" | "models" | "network" | "signal">,
  cycle: number,
): Promise<string> => {
  const { clock, models, network, signal } = participant;
  const { start, end } = phaseWindow(cycle, "distribute", network.phases);
  await clock.reach(start, signal);
  const hasPast = cycle > network.first_cycle || network.succeeds !== undefined;
  while (hasPast && clock.head.number < end - 1) {
    if ((await models.outcomeOf(cycle - 1)) !== null) break;
    await clock.reach(clock.head.number + 1, signal);
  }
  return models.baseOf(cycle);
};
