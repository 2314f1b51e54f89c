import type { Batch } from "#shared/data/loader.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { heldOutLoss, REFERENCE_VERSION, referenceBatches } from "#shared/evaluation/reference-text.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { wholeModel } from "#shared/participant/agreement/base-model.js";
import { beforeReveal } from "./before-reveal.js";
import type { Validator } from "./context.js";
import { readBase } from "./read-base.js";
import { tellRise } from "./reference-rise.js";
import { knownShards, measureShard } from "./shard-loss.js";

/**
 * Measures the agreed model that a cycle starts from on each group's reference text, for people. Then each group's shard of it, where that is not
 * the whole model. It decides nothing.
 *
 * - Writes the loss to the log and the metrics, with the change since the last measurement, and warns where a group's model is worse than it was.
 * - Runs only before the reveal phase, when a validator has nothing else to do, and leaves out the groups that it has no time for.
 * - A model that was measured before is not measured again, and what was told of a cycle before a restart is not told again.
 *
 * @param model hash of the model, whose files are here
 */
export const measureReference = async (
  validator: Pick<Validator, "participant" | "journal" | "meter" | "shardLosses" | "metrics">,
  cycle: number,
  model: string,
): Promise<void> => {
  const { participant, journal, meter, metrics } = validator;
  const { network, log, signal } = participant;
  const { instruments } = participant.telemetry;
  const groups = Object.keys(network.groups);
  let parameters: ModelTensors | undefined;
  const areShardsMeasured = network.model.shard?.mode !== "full";
  // Beside the whole loss of another model, a shard's would look apart from it.
  instruments.replace(
    "blockzero_reference_shard_loss_nats",
    areShardsMeasured ? knownShards(journal.value, model) : [],
  );
  const read = async () => (parameters ??= wholeModel(await readBase(participant, meter, cycle, model)));
  for (const group of groups) {
    signal.throwIfAborted();
    const last = journal.value.reference[group];
    const measured =
      last?.model === model
        ? last
        : await beforeReveal(participant, cycle, async (until) => {
            const batches = referenceText(validator, group);
            if (!batches) return null;
            const { losses, ...found } = await heldOutLoss(meter.until?.(until) ?? meter, await read(), batches);
            tellRise(validator, { cycle, group, losses });
            return { model, ...found };
          });
    if (measured === "late") log.info("reference loss skipped", { cycle, group, reason: "updates are revealed" });
    if (measured === "late" || measured === null) continue;
    const { loss, bitsPerByte } = measured;
    instruments.set("blockzero_reference_loss_nats", loss, { group });
    instruments.set("blockzero_reference_bpb", bitsPerByte, { group });
    if (last?.model === model && last.cycle === cycle) continue;
    metrics.write({ cycle, [`val_loss/${group}`]: loss, [`val_bpb/${group}`]: bitsPerByte });
    const change = last ? (loss - last.loss).toFixed(4) : "unknown";
    log.info("reference loss", { cycle, group, loss: loss.toFixed(4), change, version: REFERENCE_VERSION });
    const known = { [group]: { ...measured, cycle } };
    journal.note((value) => ({ ...value, reference: { ...value.reference, ...known } }));
  }
  if (!areShardsMeasured) return;
  for (const group of groups) {
    signal.throwIfAborted();
    await measureShard(validator, cycle, { group, text: () => referenceText(validator, group), model, read });
  }
};

/** Null, with one log line, if a group has no public held-out text. A group with sealed text may have none. */
const referenceText = (
  { participant: { network, log }, journal }: Pick<Validator, "participant" | "journal">,
  group: string,
): readonly Batch[] | null => {
  try {
    return referenceBatches(network, group);
  } catch (thrown) {
    if (!(thrown instanceof BlockZeroError) || thrown.code !== "SPLIT_EMPTY") throw thrown;
    if (!journal.value.unreferenced.includes(group)) {
      log.warn("a group has no reference text: its loss is not told", {
        group,
        code: thrown.code,
        reason: reasonOf(thrown),
        prevention: "nothing depends on it; its owner can give the group public documents",
      });
      journal.note((value) => ({ ...value, unreferenced: [...value.unreferenced, group] }));
    }
    return null;
  }
};
