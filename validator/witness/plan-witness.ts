import { groupNamed, groupShapes, hubShapes } from "#shared/model/groups.js";
import { countParameters } from "#shared/model/parameters.js";
import { frozenShapes } from "#shared/model/shard.js";
import type { Network } from "#shared/protocol/network.js";
import { shardShape } from "#shared/shard-training/shard-layers.js";
import { chooseProgram } from "#shared/training/choose-program.js";
import { totalMemory } from "#shared/util/total-memory.js";
import { witnessSettings } from "./witness-settings.js";
import { WITNESSES } from "./witnesses.js";

/** What a validator's own trainings take, bytes. */
export interface WitnessPlan {
  /** Of the largest group: they are trained one after another, beside a model that evaluation holds. */
  readonly memory: number;
  /** What the tensors of all groups gained, and what the training under way reads and writes, float32. */
  readonly disk: number;
  /** Tokens that they go through in a cycle, all groups together. */
  readonly tokens: number;
}

/** Part of the machine's memory for evaluation and a validator's own trainings: the rest is the system's and the program's. */
const MEMORY_SHARE = 0.9;

/** Bytes that a validator's own training may take beside a model that evaluation holds. @param evaluation bytes that evaluation may take */
export const witnessMemory = (evaluation: number, total = totalMemory()): number =>
  Math.max(0, MEMORY_SHARE * total - evaluation);

/** Of a network whose file asks for no witnesses. */
export const NO_WITNESSES: WitnessPlan = { memory: 0, disk: 0, tokens: 0 };

export interface WitnessPlanOptions {
  /** Whether the device computes in the machine's memory. */
  readonly hostMemory: boolean;
  /** Bytes that a step as one graph may take: else it is computed layer by layer. */
  readonly memory: number;
}

export const planWitness = async (
  network: Pick<Network, "name" | "model" | "groups" | "data" | "scoring">,
  { hostMemory, memory: most }: WitnessPlanOptions,
): Promise<WitnessPlan> => {
  const { witness } = network.scoring;
  if (witness === undefined) return NO_WITNESSES;
  const config = witnessSettings(witness);
  let [memory, disk, underWay] = [0, 0, 0];
  for (const group of Object.keys(network.groups)) {
    const shapes = groupShapes(network.model, groupNamed(network, group));
    const { program, whole, layers } = await chooseProgram({
      shape: shardShape(network, group, config),
      trainable: Object.keys(shapes),
      accumulation: config.gradient_accumulation_steps,
      hostMemory,
      workers: config.workers,
      memory: most,
    });
    const held = program === "whole" ? whole : layers;
    memory = Math.max(memory, held ? Object.values(held).reduce((sum, bytes) => sum + bytes, 0) : 0);
    const own = countParameters(shapes);
    disk += WITNESSES * 4 * own;
    underWay = Math.max(underWay, 4 * (2 * own + countParameters(frozenShapes(network, group))));
  }
  disk += underWay + 4 * countParameters(hubShapes(network.model, network.groups));
  const perTraining =
    config.max_steps * config.gradient_accumulation_steps * config.batch_size * network.data.sequence_length;
  return { memory, disk, tokens: WITNESSES * Object.keys(network.groups).length * perTraining };
};
