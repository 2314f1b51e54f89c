import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { PROGRAM_BYTES } from "#miner/plan/plan.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import type { Device } from "#shared/engine/device.js";
import { intTensor, zeros } from "#shared/engine/tensor.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { DRAWN_GROUP } from "#shared/planning/drawn-network.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { type BlobRef, bytesOfPart } from "#shared/protocol/model-manifest.js";
import { layeredShard, shardShape } from "#shared/shard-training/shard-layers.js";
import { shardStep } from "#shared/shard-training/shard-trainer.js";
import type { FrozenSource } from "#shared/training/frozen-source.js";
import { planLayers } from "#shared/training/layers/plan-layers.js";
import { mapValues } from "#shared/training/objective.js";
import { ARENA_SHARE } from "#shared/training/plan-peak.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { type MemoryPeaks, watchPeaks } from "./anonymous-memory.js";
import { drawnWindow } from "./drawn-window.js";
import { generateShard, openFrom, openStored, type ShardSize } from "./generated-shard.js";
import { type TimeShares, timeShares } from "./time-shares.js";

export interface TrainCase extends ShardSize {
  readonly steps: number;
  /** Where the model is written to, and removed from. */
  readonly folder: string;
}

/** From files to the end of the first step: what takes the time. */
export const START_PARTS = [
  "hashes checked",
  "files opened",
  "sessions made",
  "step made",
  "masters read",
  "programs run",
  "frozen weights read",
  "all else of the first step",
] as const;

export type StartPart = (typeof START_PARTS)[number];

export interface Trained {
  /** Bytes of the whole model's tensors, in bfloat16. */
  readonly modelBytes: number;
  /** Bytes of the files that a miner of the group has: hub and group. */
  readonly fileBytes: number;
  /** Parameters that are trained. */
  readonly trained: number;
  /** Memory before the first file is opened, and at its peak. */
  readonly before: MemoryPeaks;
  readonly peaks: MemoryPeaks;
  /** Anonymous memory by the plan: `planLayers`, the program, and the gaps of its arenas. */
  readonly planned: number;
  /** Seconds from files to the end of the first step, by what took them. */
  readonly start: Readonly<Record<StartPart, number>>;
  /** Bytes whose hash was checked meanwhile: the group's twice, as a miner does before it compiles and when its cycle begins. */
  readonly checked: number;
  /** Seconds of each step. */
  readonly seconds: readonly number[];
  readonly losses: readonly number[];
}

/** Trains a group's experts of a generated model layer by layer, with a miner's own readers: the hub stays in its files. */
export const trainLarge = async (device: Device, { steps, folder, ...size }: TrainCase): Promise<Trained> => {
  const { model, sequence } = size;
  const home = await mkdtemp(join(folder, "blockzero-large-"));
  try {
    const store = directoryStore(join(home, "blobs"));
    const { network, config, hub, own } = await generateShard(store, home, size);
    const shape = shardShape(network, DRAWN_GROUP, config);
    const trainable = Object.keys(own.shapes).sort();
    const plan = planLayers({ shape, trainable, accumulation: 1 });
    const { result, before, peaks } = await watchPeaks(async () => {
      const shares = timeShares(START_PARTS, "all else of the first step");
      let checked = 0;
      const open = (blob: BlobRef) => {
        checked += blob.bytes;
        return shares.during("hashes checked", () => openFrom(store)(blob));
      };
      const opened = (part: typeof hub) => shares.during("files opened", () => openStored(part, open));
      await (await opened(own)).close();
      const frozen = await opened(hub);
      const step = await shares.during("step made", () =>
        createTrainStep({
          ...shardStep(network, DRAWN_GROUP, config),
          device: timedDevice(device, shares),
          params: mapValues(own.shapes, zeros),
          trainable,
          layered: layeredShard(network, DRAWN_GROUP, config, timedSource(frozen, shares)),
        }),
      );
      try {
        const masters = await opened(own);
        await shares.during("masters read", () => step.begin(masters));
        await masters.close();
        const losses: number[] = [];
        const seconds: number[] = [];
        let start = shares.seconds();
        for (let i = 0; i < steps; i++) {
          const from = performance.now();
          losses.push((await step.step([windowOf(i, sequence, model)], 1e-5)).loss);
          seconds.push((performance.now() - from) / 1000);
          if (i === 0) start = shares.seconds();
        }
        return { start, checked, losses, seconds };
      } finally {
        await step.dispose();
        await frozen.close();
      }
    });
    return {
      modelBytes: 2 * countParameters(parameterShapes(model)),
      fileBytes: bytesOfPart(hub.part) + bytesOfPart(own.part),
      trained: plan.trained / 4,
      before,
      peaks,
      planned:
        Object.values(plan).reduce((sum, bytes) => sum + bytes, 0) + PROGRAM_BYTES + ARENA_SHARE * plan.activations,
      ...result,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
};

const timedDevice = (device: Device, { during }: TimeShares<StartPart>): Device => ({
  ...device,
  async compile(graph, outputs) {
    const program = await during("sessions made", () => device.compile(graph, outputs));
    return { ...program, run: (feeds, into) => during("programs run", () => program.run(feeds, into)) };
  },
});

const timedSource = (
  { shapes, read, rows }: FrozenSource,
  { during }: Pick<TimeShares<StartPart>, "during">,
): FrozenSource => ({
  shapes,
  read: (name) => during("frozen weights read", () => read(name)),
  rows: (name, first, end) => during("frozen weights read", () => rows(name, first, end)),
});

const windowOf = (window: number, sequence: number, model: ModelConfig) => {
  const { ids, targets } = drawnWindow(window, sequence, model);
  return { ids: intTensor(ids), targets: intTensor(targets) };
};
