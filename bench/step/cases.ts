import { allExperts, expertOf, type HeldExperts, parameterShapes } from "#shared/model/parameters.js";
import { PRESETS } from "#shared/model/presets.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { StepProgram } from "#shared/training/choose-program.js";
import type { Targets } from "./targets.js";

export interface StepCase {
  readonly name: string;
  readonly what: string;
  readonly config: ModelConfig;
  readonly held: HeldExperts;
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** Names of what AdamW moves; none for a forward pass alone. */
  readonly trainable: readonly string[];
  readonly targets: Targets;
  /** How our side computes the step; the whole graph where it is left out. */
  readonly program?: StepProgram;
  /** Whether PyTorch computes each layer anew in the backward pass (`torch.utils.checkpoint`) instead of keeping what is between. */
  readonly checkpointed?: boolean;
  /** Run only where it is named. */
  readonly onDemand?: boolean;
}

const config = PRESETS.bench;
const long = { ...config, max_position_embeddings: 4096 };
const deep = { ...config, num_hidden_layers: 24 };
const all = allExperts(config);
const every = Object.keys(parameterShapes(config));
const ofTheShard = all.map(() => [0, 1]);
const expertsOfTheShard = Object.keys(parameterShapes(config, ofTheShard)).filter((name) => expertOf(name) !== null);

const ways = { whole: "the whole graph at once", layers: "layer by layer" } as const;

/** Long sequences and many layers, against PyTorch with activation checkpointing. */
const large = (program: StepProgram) => ({
  program,
  held: all,
  trainable: every,
  checkpointed: true,
  onDemand: true,
  targets: { eager: 1.2 },
});

export const stepCases: readonly StepCase[] = [
  {
    name: "full",
    what: "forward, backward, clip, AdamW on every weight; batch 8 × 128",
    config,
    held: all,
    batchSize: 8,
    sequenceLength: 128,
    trainable: every,
    targets: { eager: 1.5, compiled: 1.3, version1: 3 },
  },
  {
    name: "shard",
    what: "what a miner does: hub frozen, 2 of 8 experts held and trained; batch 8 × 128",
    config,
    held: ofTheShard,
    batchSize: 8,
    sequenceLength: 128,
    trainable: expertsOfTheShard,
    targets: { eager: 1.5, compiled: 1.3, version1: 3.5 },
  },
  {
    name: "forward",
    what: "what a validator does: the loss alone; batch 8 × 128",
    config,
    held: all,
    batchSize: 8,
    sequenceLength: 128,
    trainable: [],
    targets: { eager: 1.5, compiled: 1.5, version1: 2.5 },
  },
  {
    name: "sequence-512",
    what: "as full; batch 2 × 512",
    config,
    held: all,
    batchSize: 2,
    sequenceLength: 512,
    trainable: every,
    targets: {},
  },
  ...(["whole", "layers"] as const).flatMap((program) => [
    ...[2048, 4096].map((sequenceLength) => ({
      ...large(program),
      name: `sequence-${sequenceLength}-${program}`,
      what: `as full; batch 1 × ${sequenceLength}, ${ways[program]}`,
      config: long,
      batchSize: 1,
      sequenceLength,
    })),
    {
      ...large(program),
      name: `depth-24-${program}`,
      what: `as shard, of 24 layers; batch 8 × 128, ${ways[program]}`,
      config: deep,
      held: allExperts(deep).map(() => [0, 1]),
      batchSize: 8,
      sequenceLength: 128,
      trainable: Object.keys(
        parameterShapes(
          deep,
          allExperts(deep).map(() => [0, 1]),
        ),
      ).filter((name) => expertOf(name) !== null),
    },
  ]),
];
