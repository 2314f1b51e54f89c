import type { Batch } from "#shared/data/loader.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { mean } from "#shared/util/mean.js";
import type { Validator } from "./context.js";

/** Nats a token that a group's shard may lose less, or more, than the whole model before a validator warns. */
export const APART = 0.15;

export interface ShardOfGroup {
  readonly group: string;
  /** The group's reference text. */
  readonly batches: readonly Batch[];
  /** Hash of the model, and its tensors. */
  readonly model: string;
  readonly read: () => Promise<ModelTensors>;
}

/**
 * Measures on a group's reference text what the group's miners train with, its shard of the agreed model, and warns where that and the whole model, which
 * is what updates are scored with, have come apart: what miners learn then is not what is measured. It decides nothing, and like the whole model's
 * loss it is measured before the reveal phase alone, and once a model.
 */
export const measureShard = async (
  {
    participant,
    journal,
    shardLosses,
    metrics,
  }: Pick<Validator, "participant" | "journal" | "shardLosses" | "metrics">,
  cycle: number,
  { group, batches, model, read }: ShardOfGroup,
): Promise<void> => {
  const { clock, network, log, signal, telemetry } = participant;
  const whole = journal.value.reference[group];
  if (whole?.model !== model) return;
  const known = journal.value.shards[group];
  const tell = (loss: number) => telemetry.instruments.set("blockzero_reference_shard_loss_nats", loss, { group });
  if (known?.model === model) return tell(known.loss);
  if (clock.head.number >= phaseWindow(cycle, "reveal", network.phases).start - 1) {
    log.debug("shard's loss skipped", { cycle, group, reason: "updates are about to be revealed" });
    return;
  }
  const loss = mean(await shardLosses(await read(), { group, batches, signal }));
  tell(loss);
  metrics.write({ cycle, [`shard_loss/${group}`]: loss });
  journal.note((value) => ({ ...value, shards: { ...value.shards, [group]: { model, loss } } }));
  const figures = { cycle, group, shard: loss.toFixed(4), whole: whole.loss.toFixed(4) };
  if (Math.abs(loss - whole.loss) <= APART) return log.info("loss of the group's shard", figures);
  log.warn("a group's shard and the whole model have come apart: what its miners learn is not what is scored", {
    ...figures,
    prevention: "its miners can raise training.affinity; the owner can set model.shard to { mode: full }",
  });
};
