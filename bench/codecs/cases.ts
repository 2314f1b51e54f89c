import { PRESETS } from "#shared/model/presets.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { FixedStep } from "../outer-step.js";

/** What every run of a case has in common: the same beginning and as many tokens. */
export interface Scale {
  readonly model: ModelConfig;
  readonly sequenceLength: number;
  /** Sequences in one step of all workers together. */
  readonly batchSize: number;
  /** Data-parallel steps before: the workers begin from what they give, as a subnet does from its genesis model. */
  readonly pretrainingSteps: number;
  /** Inner steps of a cycle, and cycles. */
  readonly innerSteps: number;
  readonly cycles: number;
  /** Of AdamW; decays to a tenth. */
  readonly learningRate: number;
  readonly outer: FixedStep;
}

/** DiLoCo with some workers, or data-parallel training, whose steps use all gradients. */
export interface Run {
  readonly name: string;
  readonly workers: number;
  readonly kind: "data-parallel" | "diloco";
  readonly codec: CodecName;
  /** Share of the updates that never arrive. */
  readonly lost: number;
}

export interface CodecCase {
  readonly name: string;
  readonly what: string;
  readonly scale: Scale;
  /** The first is what the others are measured against. */
  readonly runs: readonly Run[];
  /** By run: the largest loss relative to the first run's. */
  readonly targets: Readonly<Record<string, number>>;
}

/** A hundred thousand parameters over bytes, most of them experts': small enough for hundreds of cycles in minutes. */
const model: ModelConfig = {
  ...PRESETS.tiny,
  hidden_size: 64,
  num_hidden_layers: 1,
  head_dim: 16,
  num_experts: 4,
  moe_intermediate_size: 96,
};

const common = { model, sequenceLength: 64, batchSize: 16, learningRate: 3e-3 } as const;

const diloco = (workers: number, codec: CodecName = "float32", lost = 0): Run => ({
  name: lost > 0 ? `${workers} workers, ${100 * lost} % of updates lost` : `${workers} workers`,
  workers,
  kind: "diloco",
  codec,
  lost,
});

const MEAN = { rule: "weighted-mean", clip: "none" } as const;

const dataParallel: Run = { name: "data-parallel", workers: 4, kind: "data-parallel", codec: "float32", lost: 0 };

const codec = (name: CodecName): Run => ({ ...diloco(4, name), name });

export const codecCases: readonly CodecCase[] = [
  {
    name: "codecs",
    what: "DiLoCo over 4 workers, each codec against dense float32",
    scale: {
      ...common,
      pretrainingSteps: 400,
      innerSteps: 4,
      cycles: 150,
      outer: { lr: 1, momentum: 0.5, merge: MEAN },
    },
    runs: [codec("float32"), codec("bfloat16"), codec("int8"), codec("topk-2bit")],
    targets: { int8: 0.002, "topk-2bit": 0.02 },
  },
  {
    name: "workers",
    what: "DiLoCo against data-parallel training on as many tokens",
    scale: {
      ...common,
      pretrainingSteps: 150,
      innerSteps: 10,
      cycles: 30,
      outer: { lr: 0.7, momentum: 0.9, merge: MEAN },
    },
    runs: [dataParallel, diloco(2), diloco(4), diloco(8), diloco(4, "float32", 0.5)],
    targets: {},
  },
];
