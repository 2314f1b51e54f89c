import { MAX_FORK } from "#shared/chain/connection/head-stream.js";
import { hasCode } from "#shared/errors/error.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { againAtBlocks } from "../at-every-block.js";
import { faultFields } from "../fault-fields.js";
import type { Participant } from "../participant.js";

/**
 * Remembers which model a cycle starts from as soon as no further block changes it: later the chain may not have the state any more that
 * says it. What fails is tried again at the next block, until the cycle is over. Never throws.
 */
export const settleBase = async (
  participant: Pick<Participant, "clock" | "models" | "network" | "log" | "signal">,
  cycle: number,
): Promise<void> => {
  const { clock, models, network, log, signal } = participant;
  const { end } = phaseWindow(cycle, "merge", network.phases);
  try {
    const mayPass = (thrown: unknown, tried: number) => !hasCode(thrown, "BASE_UNKNOWN") && tried < end;
    const decided = await againAtBlocks(participant, mayPass, () => models.decidedAt(cycle));
    await clock.reach(decided + MAX_FORK, signal);
    await againAtBlocks(participant, mayPass, () => models.baseOf(cycle));
  } catch (thrown) {
    if (!signal.aborted)
      log.debug("it is not settled which model a cycle starts from", { cycle, ...faultFields(thrown) });
  }
};
