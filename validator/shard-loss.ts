import type { Batch } from "#shared/data/loader.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { mean } from "#shared/util/mean.js";
import { beforeReveal } from "./before-reveal.js";
import type { Validator } from "./context.js";
import type { ValidatorJournal } from "./journal.js";

/** Nats a token that a group's shard may lose less, or more, than the whole model before a validator warns. */
export const APART = 0.15;

export interface ShardOfGroup {
  readonly group: string;
  /** The group's reference text; null if it has none. */
  readonly text: () => readonly Batch[] | null;
  /** Hash of the model, and its tensors. */
  readonly model: string;
  readonly read: () => Promise<ModelTensors>;
}

/** The losses that are known of a model's shards, by group: one of a former model says nothing beside the whole loss of this one. */
export const knownShards = (
  { shards }: Pick<ValidatorJournal, "shards">,
  model: string,
): readonly (readonly [{ readonly group: string }, number])[] =>
  Object.entries(shards).flatMap(([group, known]) => (known.model === model ? [[{ group }, known.loss] as const] : []));

/**
 * Measures on a group's reference text what the group's miners train with, its shard of the agreed model, and warns where that and the whole model,
 * which is what updates are scored with, have come apart: what miners learn then is not what is measured. It decides nothing, and like the whole
 * model's loss it is measured before the reveal phase alone, and once a model.
 */
export const measureShard = async (
  {
    participant,
    journal,
    shardLosses,
    metrics,
  }: Pick<Validator, "participant" | "journal" | "shardLosses" | "metrics">,
  cycle: number,
  { group, text, model, read }: ShardOfGroup,
): Promise<void> => {
  const { log, telemetry } = participant;
  const whole = journal.value.reference[group];
  if (whole?.model !== model || journal.value.shards[group]?.model === model) return;
  const loss = await beforeReveal(participant, cycle, async (signal) => {
    const batches = text();
    return batches && mean(await shardLosses(await read(), { group, batches, signal }));
  });
  if (loss === "late") return log.debug("shard's loss skipped", { cycle, group, reason: "updates are revealed" });
  if (loss === null) return;
  telemetry.instruments.set("blockzero_reference_shard_loss_nats", loss, { group });
  metrics.write({ cycle, [`shard_loss/${group}`]: loss });
  journal.note((value) => ({ ...value, shards: { ...value.shards, [group]: { model, loss } } }));
  const figures = { cycle, group, shard: loss.toFixed(4), whole: whole.loss.toFixed(4) };
  if (Math.abs(loss - whole.loss) <= APART) return log.info("loss of the group's shard", figures);
  log.warn("a group's shard and the whole model have come apart: what its miners learn is not what is scored", {
    ...figures,
    prevention: "its miners can raise training.affinity; the owner can set model.shard to { mode: full }",
  });
};
