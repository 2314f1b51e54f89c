import { BlockZeroError } from "#shared/errors/error.js";
import { expertsOf } from "#shared/model/groups.js";
import { allExperts } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { mean } from "#shared/util/mean.js";
import { percent } from "#shared/util/percent.js";

/** A group's losses on its reference text, nats per token. */
export interface CompareLosses {
  readonly group: string;
  readonly whole: number;
  readonly shard: number;
  readonly others: Readonly<Partial<Record<Shard["mode"], number>>>;
}

/**
 * Refuses a network whose miners would train another function than validators score: where a group's shard and the whole model differ in loss by more
 * than the margin, on the group's own text.
 *
 * @param margin nats per token
 * @throws BlockZeroError SHARD_DIFFERS, with what each mode comes to; CHECKPOINT_NOT_FINITE where the whole model's loss is no number
 */
export const checkShard = (
  { group, whole, shard, others }: CompareLosses,
  mode: Shard["mode"],
  margin: number,
): void => {
  if (!Number.isFinite(whole))
    throw new BlockZeroError(
      "CHECKPOINT_NOT_FINITE",
      `the model's loss on the text of "${group}" is ${whole}`,
      "such a model cannot be trained: take another checkpoint, or a lower --learning-rate where genesis trains it",
    );
  if (Math.abs(shard - whole) <= margin) return;
  const modes = Object.keys(others) as Shard["mode"][];
  const fits = modes.find((other) => Math.abs((others[other] ?? Number.NaN) - whole) <= margin);
  const further = modes.filter((other) => other !== "full").map((other) => `, ${other} ${others[other]?.toFixed(4)}`);
  throw new BlockZeroError(
    "SHARD_DIFFERS",
    `loss on a group's text differs by more than ${margin} nats: "${group}" ${shard.toFixed(4)} (${mode}), the whole model ${whole.toFixed(4)}${further.join("")}`,
    `set model.shard to { mode: ${fits ?? "full"} }, choose other experts for the groups, or add --force`,
  );
};

/** What a group's own experts get of the choices on its text at least, as a part of what chance would give them. */
const LEAST_OF_CHANCE = 0.9;

/**
 * Refuses a network whose whole model has little use for what its miners would train: a `restricted` shard sends all of a group's text through the
 * group's experts, but the whole model's routers choose these less often than by chance. While experts are young, or copies, losses do not show it.
 * In `anchored` text may go to anchors, and `full` shards route as the whole model does.
 *
 * @param own share of each group's choices that fall on its own experts, mean over layers
 * @throws BlockZeroError ROUTED_ELSEWHERE, with each such group's share
 */
export const checkChoices = (
  { model, groups }: Pick<Network, "model" | "groups">,
  own: Readonly<Record<string, number>>,
): void => {
  if ((model.shard?.mode ?? "restricted") !== "restricted") return;
  const sparse = allExperts(model).flatMap((experts, layer) => (experts.length > 0 ? [layer] : []));
  const wrong = Object.entries(groups).flatMap(([name, group]) => {
    const experts = expertsOf(model, group);
    const chance = mean(sparse.map((layer) => experts[layer]!.length / model.num_experts));
    const share = own[name]!;
    if (share >= LEAST_OF_CHANCE * chance) return [];
    return [`"${name}" ${percent(share)} of the choices, by chance ${percent(chance)}`];
  });
  if (wrong.length === 0) return;
  throw new BlockZeroError(
    "ROUTED_ELSEWHERE",
    `routers send a group's text to its experts less often than by chance: ${wrong.join("; ")}`,
    "set model.shard to { mode: full }, choose other experts for the groups, train the model for longer, or add --force",
  );
};
