import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { PRESETS } from "#shared/model/presets.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

interface ShardSize {
  readonly model: ModelConfig;
  /** Experts of every layer that train; the rest of the model is frozen, or not held. */
  readonly experts: readonly number[];
  readonly batchSize: number;
}

export const shardSizes = {
  /** The preset of the step bench, 2 of 8 experts. */
  "14m": { model: PRESETS.bench, experts: [0, 1], batchSize: 8 },
  /** Of 291 M parameters 226 M train. */
  "300m": {
    model: {
      ...PRESETS.bench,
      vocab_size: 32_000,
      hidden_size: 1024,
      num_hidden_layers: 12,
      num_attention_heads: 16,
      head_dim: 64,
      num_experts: 4,
      moe_intermediate_size: 1536,
    },
    experts: [0, 1, 2, 3],
    batchSize: 4,
  },
} as const satisfies Record<string, ShardSize>;

export type ShardSizeName = keyof typeof shardSizes;

/** Peak memory over what training needs, where the weights outweigh the program itself. */
const PEAK_TARGETS: Readonly<Partial<Record<ShardSizeName, number>>> = { "300m": 1.5 };

/** Bytes, unless said otherwise. */
export interface ShardMemory {
  readonly size: ShardSizeName;
  /** Number of parameters held. */
  readonly parameters: number;
  /** Weights, gradients, AdamW's moments and activations, as `blockzero-miner plan` computes them. */
  readonly needed: number;
  /** Its total. */
  readonly planned: number;
  readonly peak: number;
  readonly stepSeconds: number;
  /** Peak over needed. */
  readonly ratio: number;
  /** What that may be, and whether it is; null where there is no target. */
  readonly target: number | null;
  readonly met: boolean | null;
}

/** What `blockzero-miner plan --measure --json` says, as far as we read it. */
export interface PlanFigures {
  readonly parameters: { readonly hub: number; readonly group: number };
  readonly memory: Readonly<Record<"frozen" | "trained" | "moments" | "gradients" | "activations" | "total", number>>;
  readonly measured: { readonly peakResident: number; readonly stepSeconds: number };
}

const miner = fileURLToPath(new URL("../../miner/main.js", import.meta.url));
const GROUP = "bench";

/** Plans and trains a shard in a process of its own, which is the miner's. Throws BENCH_SHARD where that fails. */
export const measureShard = async (name: ShardSizeName): Promise<ShardMemory> => {
  const { batchSize } = shardSizes[name];
  const folder = await mkdtemp(join(tmpdir(), "blockzero-bench-"));
  try {
    const network = join(folder, "network.yaml");
    await writeFile(network, JSON.stringify(networkOf(shardSizes[name])));
    const settings = {
      network,
      expert_group: GROUP,
      batch_size: `${batchSize}`,
      gradient_accumulation_steps: "1",
      device: "cpu",
      threads: "2",
    };
    const flags = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]);
    const { stdout } = await promisify(execFile)(process.execPath, [miner, "plan", ...flags, "--measure", "--json"]);
    return shardMemoryOf(name, JSON.parse(stdout));
  } catch (thrown) {
    throw new BlockZeroError("BENCH_SHARD", reasonOf(thrown), "the training itself failed: is there enough memory?");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const shardMemoryOf = (size: ShardSizeName, { parameters, memory, measured }: PlanFigures): ShardMemory => {
  const { frozen, trained, gradients, moments, activations } = memory;
  const needed = frozen + trained + gradients + moments + activations;
  const ratio = measured.peakResident / needed;
  const target = PEAK_TARGETS[size] ?? null;
  return {
    size,
    parameters: parameters.hub + parameters.group,
    needed,
    planned: memory.total,
    peak: measured.peakResident,
    stepSeconds: measured.stepSeconds,
    ratio,
    target,
    met: target === null ? null : ratio <= target,
  };
};

/** A network of one group that learns sums, of which there are always enough. */
const networkOf = ({ model, experts }: ShardSize) => ({
  version: 1,
  name: "bench",
  netuid: 1,
  first_cycle: 0,
  phases: { distribute: 4, train: 29, commit: 3, reveal: 3, evaluate: 3, exchange: 2, choose: 2, merge: 3 },
  model,
  groups: {
    [GROUP]: {
      experts: Object.fromEntries(Array.from({ length: model.num_hidden_layers }, (_, layer) => [layer, experts])),
      data: [{ kind: "arithmetic", weight: 1 }],
    },
  },
  data: { tokenizer: "byte", split: "sha256", sequence_length: 128, held_out: 0.2 },
  training: {
    outer: { confidence: 0.995, steps: [{ along: "merged", lr: 0.7, momentum: 0.9 }] },
    merge: { rule: "weighted-mean", clip: "median-norm" },
  },
  scoring: {
    eval_batches: 12,
    eval_batch_size: 8,
    confidence: 0.95,
    top_n: 2,
    rewards: { curve: "top-n", n: 2, decay: { ratio: 1.5 }, floor: 0 },
    burn: 0,
    window: 4,
    max_update_norm: 0.5,
  },
  limits: { artifact_bytes: 1_048_576 },
  genesis: "0".repeat(64),
});
