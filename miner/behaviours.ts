import { createRandom } from "#shared/data/random.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Participant } from "#shared/participant/participant.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { parseRecord } from "#shared/protocol/records.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { type UpdateFile, updateInMemory } from "./commit/update-file.js";
import { isPlanted } from "./planted.js";

/** What a miner is about to submit: the encoded safetensors of its update, and what it says it did for it. */
export interface PackedUpdate {
  readonly tensors: UpdateFile;
  readonly steps: number;
  readonly tokens: number;
}

export interface Workplace {
  readonly participant: Participant;
  readonly trainer: ShardTrainer;
  readonly group: string;
  readonly cycle: number;
  /** The group's weights. */
  readonly base: FloatSource;
  readonly baseManifest: ModelManifest;
  /** Trains and reports; `maxSteps` lowers what the config allows. */
  train(maxSteps?: number): ReturnType<ShardTrainer["train"]>;
  /** Encodes the cycle's update in the network's codec; once. */
  pack(update: FloatSource): Promise<UpdateFile>;
}

/** How a miner comes by its update; null when it has nothing to submit this cycle. */
export type Behaviour = (work: Workplace) => Promise<PackedUpdate | null>;

/** What the miner's program is for. */
const honest: Behaviour = (work) => trained(work);

/** Takes one step and rests. */
const lazy: Behaviour = (work) => trained(work, 1);

/** Submits noise of a plausible size. */
const noise: Behaviour = async ({ base, cycle, participant, pack }) => {
  const random = createRandom(`noise/${participant.signer.address}/${cycle}`);
  const delta = changed(base, (weight) => 0.1 * weight * (random.next() - 0.5));
  return { tensors: await pack(delta), steps: 0, tokens: 0 };
};

/** Resubmits the last merged update of another miner of its group as its own. */
const copier: Behaviour = async ({ participant, group, baseManifest }) => {
  const { signer, chain, network, blobs, signal } = participant;
  const prey = baseManifest.merged.find((merged) => merged.group === group && merged.hotkey !== signer.address);
  if (!prey) return null;
  const commitments = await chain.commitments(network.netuid);
  const record = parseRecord(commitments.find(({ hotkey }) => hotkey === prey.hotkey)?.data ?? "");
  const locations = record.ok && "location" in record.value ? [record.value.location] : [];
  const maxBytes = network.limits.artifact_bytes;
  try {
    const bytes = await blobs.get({ hash: prey.tensors, maxBytes, locations, signal });
    return { tensors: updateInMemory(bytes, prey.tensors), steps: 1, tokens: 1 };
  } catch (thrown) {
    if (thrown instanceof BlockZeroError) return null;
    throw thrown;
  }
};

/**
 * Trains in every cycle, and in some that nobody can know submits its update with the sign turned: whoever scores that did not measure. Steps, tokens
 * and sizes are as ever, so that only the direction tells which it is.
 */
const planted =
  (isTurned: (isOther: boolean) => boolean): Behaviour =>
  async (work) => {
    if (!isTurned(isPlanted(work.participant, work.cycle))) return trained(work);
    const { run, update } = await work.train();
    if (run.steps === run.skipped) return null;
    const turned = changed(update, (element) => -element);
    return { tensors: await work.pack(turned), steps: run.steps, tokens: run.tokens };
  };

/** The same tensors, each element changed as it is read. */
export const changed = ({ shapes, read }: FloatSource, change: (element: number) => number): FloatSource => ({
  shapes,
  async read(name) {
    const tensor = await read(name);
    return { ...tensor, data: tensor.data.map(change) };
  },
});

const trained = async (work: Workplace, maxSteps?: number): Promise<PackedUpdate | null> => {
  const { run, update } = await work.train(maxSteps);
  if (run.steps === run.skipped) return null;
  return { tensors: await work.pack(update), steps: run.steps, tokens: run.tokens };
};

/** The red team's names for config key `behaviour`; the localnet uses all but the first as its cheater. */
export const behaviours = {
  honest,
  copier,
  noise,
  lazy,
  "planted-bad": planted((isOther) => isOther),
  "planted-good": planted((isOther) => !isOther),
  // Its updates are honest; its Sprints are not: see `claimed`.
  padder: honest,
} as const satisfies Record<string, Behaviour>;
