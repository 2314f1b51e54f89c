import { hasCode } from "#shared/errors/error.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { Participant } from "../participant.js";

/**
 * Whether nobody can tell from the chain any more which model a cycle starts from. It passes where the chain's endpoint changes, or with the
 * next model that validators agree on.
 */
export const isBaseUnknown = (thrown: unknown): boolean => hasCode(thrown, "BASE_UNKNOWN");

/**
 * Hash of the model that `cycle` is expected to train from: as soon as the validators agree on the last merge, or else in the block that
 * decides (`decidedAt`), with the newest model that they do agree on. Until then whoever named it may take it back: see `onExpectedBase`.
 *
 * @throws BlockZeroError BASE_UNKNOWN where the chain does not say which one that is (see `isBaseUnknown`)
 */
export const awaitBaseModel = async (
  participant: Pick<Participant, "clock" | "models" | "network" | "signal">,
  cycle: number,
): Promise<string> => {
  const { clock, models, network, signal } = participant;
  await clock.reach(phaseWindow(cycle, "distribute", network.phases).start, signal);
  const hasPast = cycle > network.first_cycle || network.succeeds !== undefined;
  const decided = hasPast ? await models.decidedAt(cycle) : 0;
  for (let asked = clock.head.number; asked < decided; asked = clock.head.number) {
    if ((await models.outcomeOf(cycle - 1)) !== null) break;
    await clock.reach(asked + 1, signal);
  }
  return models.baseOf(cycle);
};
