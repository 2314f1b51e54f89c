import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Device } from "#shared/engine/device.js";
import { sizeOf } from "#shared/engine/tensor.js";
import type { Change } from "#shared/evaluation/change.js";
import { createLayerMeter } from "#shared/evaluation/layers/layer-meter.js";
import { groupShapes } from "#shared/model/groups.js";
import { seededPiece } from "#shared/planning/seeded-pool.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Network } from "#shared/protocol/network.js";
import { layersRoom, PROGRAM_BYTES } from "#validator/plan/plan.js";
import { type MemoryPeaks, watchPeaks } from "./anonymous-memory.js";
import { drawnBatch, ROWS } from "./drawn-window.js";
import { generateModel } from "./generated-model.js";

export interface JudgeCase {
  readonly model: ModelConfig;
  /** Windows of the cycle's text, each a batch. */
  readonly windows: number;
  readonly sequence: number;
  /** Experts of the group, in every layer. */
  readonly experts: number;
  readonly candidates: number;
  /** Bytes of hidden states in memory. */
  readonly states: number;
  /** Where the model is written to, and removed from. */
  readonly folder: string;
}

export interface Judged {
  /** Bytes of the model's tensors, in bfloat16. */
  readonly modelBytes: number;
  readonly peaks: MemoryPeaks;
  /** Anonymous memory by `blockzero-validator plan`. */
  readonly planned: number;
  readonly seconds: number;
  readonly tokensPerSecond: number;
  /** Mean losses of the model itself, then of the candidates. */
  readonly losses: readonly number[];
}

/** Judges candidates of one group of a generated model, layer by layer, as a validator does. */
export const judgeLarge = async (device: Device, given: JudgeCase): Promise<Judged> => {
  const { model, windows, sequence, experts, candidates, states, folder } = given;
  const own = Array.from({ length: experts }, (_, expert) => expert);
  const home = await mkdtemp(join(folder, "blockzero-large-"));
  try {
    const { tensors, bytes } = generateModel(home, model, { dtype: "BF16", own, rows: ROWS });
    const layers = Array.from({ length: model.num_hidden_layers }, (_, layer) => [String(layer), own] as const);
    const group = { experts: Object.fromEntries(layers), data: [] };
    const data: Network["data"] = { tokenizer: "byte", split: "sha256", sequence_length: sequence, held_out: 0.1 };
    const meter = createLayerMeter(device, { model, data }, { batchSize: 1, memory: states, folder: home });
    const batches = Array.from({ length: windows }, (_, window) => drawnBatch(window, sequence, model));
    const changes = [null, ...Array.from({ length: candidates }, (_, i) => noise(model, group, `candidate ${i}`))];
    const size = { batchSize: 1, batches: windows, updates: candidates, memory: states, hubDType: "BF16" } as const;
    const room = layersRoom({ model, groups: { large: group }, data }, size);
    const begun = performance.now();
    const { result, peaks } = await watchPeaks(async () => {
      const { lossesTogether } = await meter.ofGroup(tensors, group);
      return lossesTogether!(changes, batches);
    });
    const seconds = (performance.now() - begun) / 1000;
    await meter.dispose();
    return {
      modelBytes: bytes,
      peaks,
      planned: PROGRAM_BYTES + room.activations + room.states + room.updates,
      seconds,
      tokensPerSecond: (changes.length * windows * sequence) / seconds,
      losses: result.map((losses) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length),
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
};

/** A change of every tensor of the group, made when it is read. */
const noise = (model: ModelConfig, group: Network["groups"][string], seed: string): Change => {
  const shapes = groupShapes(model, group);
  return {
    read: async (name) => {
      const length = sizeOf(shapes[name]!);
      return seededPiece(`${seed} ${name}`, length, 0.01);
    },
  };
};
