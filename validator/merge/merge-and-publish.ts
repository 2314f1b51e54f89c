import { reasonOf } from "#shared/errors/error.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { mark, note } from "#shared/participant/writes/journal.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { Validator } from "../context.js";
import { type Agreement, mergeCycle } from "./merge-cycle.js";
import { readBack } from "./read-back.js";

/** Merges what was agreed, reads the model back as any participant would, and commits its hash. A restart goes on from what was made before. */
export const mergeAndPublish = async (validator: Validator, cycle: number, agreed: Agreement): Promise<void> => {
  const { model, published } = validator.journal.value.cycles[cycle] ?? {};
  if (published !== undefined) return;
  const isMade = model !== undefined && (await canBeRead(validator, cycle, model));
  await publish(validator, cycle, isMade ? model : await merge(validator, cycle, agreed));
};

/** Whether a model that was made before a restart is whole: its files may have gone since. */
const canBeRead = async ({ participant }: Validator, cycle: number, model: string): Promise<boolean> => {
  try {
    await readBack(participant, model, cycle);
    return true;
  } catch (thrown) {
    participant.signal.throwIfAborted();
    participant.log.warn("a model that was merged before cannot be read: it is merged again", {
      cycle,
      model,
      reason: reasonOf(thrown),
    });
    return false;
  }
};

const merge = async (validator: Validator, cycle: number, agreed: Agreement): Promise<string> => {
  const { hash, manifest } = await mergeCycle(validator.participant, cycle, agreed);
  await readBack(validator.participant, hash, cycle);
  mark(validator, cycle, { model: hash });
  validator.participant.log.info("merged", {
    cycle,
    model: hash,
    merged: manifest.merged.map(({ uid }) => uid),
    steps: Object.entries(manifest.steps)
      .map(([group, step]) => `${group}:${step}`)
      .join(" "),
  });
  return hash;
};

/** Model records count until the end of the next cycle's distribute phase, which is when they are read. */
const publish = async (validator: Validator, cycle: number, model: string): Promise<void> => {
  const { participant } = validator;
  const { network, location, log } = participant;
  const window = {
    start: phaseWindow(cycle, "merge", network.phases).start,
    end: phaseWindow(cycle + 1, "distribute", network.phases).end,
  };
  const block = await commitRecord(participant, { type: "model", cycle, model, location }, window);
  note(validator, cycle, { published: block });
  log.info("published model", { cycle, model, block });
};
