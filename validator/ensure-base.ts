import { awaitBaseModel } from "#shared/participant/agreement/await-base-model.js";
import { catchUp } from "#shared/participant/agreement/catch-up.js";
import type { Validator } from "./context.js";

/** Has the cycle's base here while there is time: after an outage, or a merge that was left to the others, the cheaper way. @returns its hash */
export const ensureBase = async ({ participant, journal }: Validator, cycle: number): Promise<string> => {
  const model = await awaitBaseModel(participant, cycle);
  if (Object.values(journal.value.cycles).some((entry) => entry.model === model)) return model;
  const how = await catchUp(participant, model);
  if (how !== "at hand") participant.log.info("caught up", { cycle, model, how });
  return model;
};
