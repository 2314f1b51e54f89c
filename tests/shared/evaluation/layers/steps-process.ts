import { existsSync, readFileSync } from "node:fs";
import { directoryStore } from "#shared/blobs/blob-store.js";
import type { Batch } from "#shared/data/loader.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { createLayerMeter } from "#shared/evaluation/layers/layer-meter.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { measureCandidates } from "#shared/evaluation/measure-candidates.js";
import type { Model } from "#shared/merge/merge-model.js";
import type { Selected } from "#shared/merge/selection.js";
import { allInMemory, type ModelTensors } from "#shared/model/model-tensors.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Network } from "#shared/protocol/network.js";
import { withDirections } from "#shared/replay/directions.js";
import type { Candidate, MergePlan } from "#shared/replay/merge-plan.js";
import { batchesOf } from "./material.js";

/** What candidate steps are measured of; the files are in a store. */
export interface StepsMaterial {
  readonly network: Network & { readonly model: ModelConfig };
  readonly group: string;
  readonly model: ModelTensors;
  readonly base: Model;
  readonly merged: readonly Selected<Candidate>[];
  readonly all: readonly Selected<Candidate>[];
}

/** Bytes. */
const peakResident = (): number => {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return 1024 * (kilobytes === undefined ? process.resourceUsage().maxRSS : Number(kilobytes));
};

/**
 * Measures candidate steps in a process of its own, so that its memory is. Prints what was measured, and how far resident memory rose at its
 * peak: layer by layer with the directions in files, or as a whole in memory.
 */
const [folder, path, mode] = process.argv.slice(2);
const blobs = directoryStore(`${folder}/blobs`);
const { network, group, model, base, merged, all }: StepsMaterial = JSON.parse(readFileSync(path!, "utf8"));
const batchSize = 2;
const batches: readonly Batch[] = batchesOf(network.model, 16, batchSize, network.data.sequence_length);
const open = async ({ hash }: { readonly hash: string }) => (await blobs.open(hash))!;
const plan: MergePlan = { merged: new Map([[group, merged]]), all: new Map([[group, all]]) };
const device = onnxCpu({ threads: 1 });
const before = process.memoryUsage.rss();
const inFiles = mode === "files";
const meter = inFiles
  ? createLayerMeter(device, network, { batchSize, memory: 1 << 20, folder: folder! })
  : await createLossMeter(device, network, { batchSize, parameters: await allInMemory(model) });
const measured = await withDirections(
  { network, open },
  { base, plan, group, inFiles },
  async ({ artifact }) => ({ file: await open({ hash: artifact }), norm: 1 }),
  (directions) =>
    measureCandidates(meter, {
      model,
      group: network.groups[group]!,
      directions,
      outer: network.training.outer,
      batches,
    }),
);
await meter.dispose();
const growth = peakResident() - before;
process.stdout.write(JSON.stringify({ growth, measured: { ...measured, reductions: [...measured.reductions] } }));
