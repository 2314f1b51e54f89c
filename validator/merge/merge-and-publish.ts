import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Validator } from "../context.js";
import { mark, note } from "../mark.js";
import { type Agreement, mergeCycle } from "./merge-cycle.js";
import { readBack } from "./read-back.js";

/** Merges what was agreed, reads the model back as any participant would, and commits its hash. */
export const mergeAndPublish = async (validator: Validator, cycle: number, agreed: Agreement): Promise<void> => {
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
  await publish(validator, cycle, hash);
};

/** Model records count until the end of the next cycle's distribute phase, which is when they are read. */
const publish = async (validator: Validator, cycle: number, model: string): Promise<void> => {
  const { participant, journal } = validator;
  const { network, networkHash, location, log } = participant;
  if (journal.value.cycles[cycle]?.published !== undefined) return;
  const block = await participant.commitOnce({
    key: `${cycle}/model`,
    data: encodeRecord({ type: "model", network: shortHash(networkHash), cycle, model, location }),
    window: {
      start: phaseWindow(cycle, "merge", network.phases).start,
      end: phaseWindow(cycle + 1, "distribute", network.phases).end,
    },
  });
  note(validator, cycle, { published: block });
  log.info("published model", { cycle, model, block });
};
