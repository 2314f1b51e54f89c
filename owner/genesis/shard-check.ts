import { BlockZeroError } from "#shared/errors/error.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";

/** A group's losses on its reference text, nats per token. */
export interface CompareLosses {
  readonly group: string;
  readonly whole: number;
  readonly shard: number;
  readonly others: Readonly<Partial<Record<Shard["mode"], number>>>;
}

/**
 * Refuses a network whose miners would train another function than validators score: where a group's shard and the whole model differ in loss by more than
 * the margin, on the group's own text.
 *
 * @param margin nats per token
 * @throws BlockZeroError SHARD_DIFFERS, with what each mode comes to
 */
export const checkShard = (
  { group, whole, shard, others }: CompareLosses,
  mode: Shard["mode"],
  margin: number,
): void => {
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
