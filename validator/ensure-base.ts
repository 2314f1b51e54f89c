import { awaitBaseModel } from "#shared/participant/agreement/await-base-model.js";
import { catchUp } from "#shared/participant/agreement/catch-up.js";
import type { Validator } from "./context.js";

/**
 * Obtains the cycle's base while there is time, in the cheaper way: after an outage, or after a cycle in which this validator did not
 * merge.
 * @returns its hash
 */
export const ensureBase = async ({ participant, journal }: Validator, cycle: number): Promise<string> => {
  const model = await awaitBaseModel(participant, cycle);
  const merged = journal.value.cycles[cycle - 1]?.model;
  const isOther = merged !== undefined && merged !== model && (await participant.models.outcomeOf(cycle - 1)) !== null;
  if (!Object.values(journal.value.cycles).some((entry) => entry.model === model)) {
    const how = await catchUp(participant, model);
    if (how !== "at hand") participant.log.info("caught up", { cycle, model, how });
  }
  // Last: a catch-up that fails begins again.
  if (isOther) participant.telemetry.instruments.add("blockzero_model_disagreements_total", 1);
  return model;
};
