import type { Batch } from "#shared/data/loader.js";
import type { Device } from "#shared/engine/device.js";
import { groupShapes } from "#shared/model/groups.js";
import { allExperts, type HeldExperts } from "#shared/model/parameters.js";
import { windowsOf } from "#shared/model/windows.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import type { Network } from "#shared/protocol/network.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import { inLots } from "#shared/util/in-lots.js";
import { type Change, changeOf } from "../change.js";
import { batchesOfRun, joined, type LossMeter } from "../loss-meter.js";
import { lossGraphs } from "./layer-graphs.js";
import { type PassContext, type PassRequest, passContext, passesThrough } from "./layer-pass.js";

export interface LayerMeterOptions {
  readonly batchSize: number;
  /** Bytes of hidden states that may be in memory; further ones go to a file. */
  readonly memory: number;
  /** Where that file is. Where its disk has no room for all, the model is passed several times. */
  readonly folder: string;
  /** Bytes that are free on the disk of a folder. Default: as the system says. */
  readonly free?: ((folder: string) => Promise<number>) | undefined;
  /** Experts of each layer that the models hold, ascending, whose routers have these rows alone; all by default. */
  readonly held?: HeldExperts;
  /** Told of each layer that all batches of a pass have passed, from 1 on. */
  readonly onLayer?: (passed: number) => void;
  /** Ends a measurement between two runs of a layer. */
  readonly signal?: AbortSignal;
}

/**
 * Measures losses layer by layer: all batches go through a layer before the next is opened, so that no more of the model than one layer is in use at
 * a time. Its losses are those of `createLossMeter` bit for bit, on a device that computes products of the same shapes alike; with fewer experts held
 * than there are, those of a shard. Models may be in memory or in files; weights in files are mapped where the device can, else read as float32,
 * layer by layer.
 */
export const createLayerMeter = (
  device: Device,
  { model: config, data }: Pick<Network, "model" | "data">,
  { batchSize, memory, folder, free, held = allExperts(config), onLayer, signal }: LayerMeterOptions,
): LossMeter => {
  const together = batchesOfRun(batchSize, data);
  const shape = { config, held, ...windowsOf(data, together * batchSize) };
  const shared = passContext({
    device,
    shape,
    graphs: lossGraphs(shape, together),
    memory,
    folder,
    free,
    ...(onLayer && { onLayer }),
    signals: signal ? [signal] : [],
  });
  const measure = async (
    context: PassContext,
    { model, varied, changes }: Omit<PassRequest, "runs">,
    batches: readonly Batch[],
  ): Promise<number[][]> => {
    if (batches.length === 0 || changes.length === 0) return changes.map(() => []);
    const runs = inLots(batches, together).map((run) => batchTensors(joined(run, together)));
    const results = await passesThrough(context, { model, varied, changes, runs });
    return results.map((ofRuns) =>
      batches.map((_, batch) => Number(ofRuns[Math.floor(batch / together)]![batch % together]!.data[0])),
    );
  };
  const meterOf = (signals: readonly AbortSignal[]): LossMeter => {
    const context = { ...shared, signals };
    return {
      isLayerMajor: true,
      losses: async (model, batches) => (await measure(context, { model, varied: [], changes: [null] }, batches))[0]!,
      async ofGroup(model, group: ExpertGroup) {
        const varied = Object.keys(groupShapes(config, group));
        const together = (changes: readonly (Change | null)[], batches: readonly Batch[]) =>
          measure(context, { model, varied, changes }, batches);
        return {
          losses: async (update, batches) => (await together([update && changeOf(update, varied)], batches))[0]!,
          lossesTogether: together,
        };
      },
      until: (signal) => meterOf([...signals, signal]),
      dispose: () => shared.programs.dispose(),
    };
  };
  return meterOf(shared.signals);
};
