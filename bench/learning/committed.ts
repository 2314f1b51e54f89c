import { CHECK_SEEDS, checkLoss } from "#miner/commit/loss-check.js";
import { partThatFits } from "#miner/commit/part-that-fits.js";
import { type FloatTensors, l2Norm } from "#shared/artifact/update.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import { inMemory } from "#shared/training/float-source.js";
import type { NamedFloats } from "#shared/training/objective.js";
import { NEVER } from "#shared/util/never.js";

export interface Made {
  readonly trainer: Pick<ShardTrainer, "losses">;
  /** The group's weights without the update. */
  readonly base: NamedFloats;
  readonly update: FloatTensors;
  /** Batches that it was trained on. */
  readonly trained: number;
  readonly maxUpdateNorm: number;
  readonly cycle: number;
}

/** What a miner's program commits of its training, with time for every check: the whole, a part of its length, or null for nothing. */
export const committed = async (made: Made): Promise<FloatTensors | null> => {
  const { base, update, maxUpdateNorm } = made;
  const fits = partThatFits(l2Norm(update.values()), maxUpdateNorm * l2Norm(Object.values(base)));
  if (fits === null) return null;
  const fitting = scaled(update, fits);
  const part = await partByLoss({ ...made, update: fitting });
  return part === null ? null : scaled(fitting, part);
};

const partByLoss = async ({ trainer, base, update, trained, cycle }: Made): Promise<number | null> => {
  const found = await checkLoss({
    ...{ trainer, trained, mayShorten: true, signal: NEVER, left: () => Number.POSITIVE_INFINITY },
    base: inMemory(base),
    update: async (name) => update.get(name)!.data,
    seeds: Array.from({ length: CHECK_SEEDS }, (_, draw) => sha256(Buffer.from(`check ${cycle} ${draw}`))),
    onUnmeasured(fault) {
      throw fault;
    },
  });
  return found === null ? 1 : found.part;
};

const scaled = (update: FloatTensors, part: number): FloatTensors =>
  part === 1
    ? update
    : new Map([...update].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => part * x) }]));
