import { allExperts, expertOf, type HeldExperts, parameterShapes } from "#shared/model/parameters.js";
import { PRESETS } from "#shared/model/presets.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
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
}

const config = PRESETS.bench;
const all = allExperts(config);
const every = Object.keys(parameterShapes(config));
const ofTheShard = all.map(() => [0, 1]);
const expertsOfTheShard = Object.keys(parameterShapes(config, ofTheShard)).filter((name) => expertOf(name) !== null);

export const stepCases: readonly StepCase[] = [
  {
    name: "full",
    what: "forward, backward, clip, AdamW on every weight; batch 8 × 128",
    config,
    held: all,
    batchSize: 8,
    sequenceLength: 128,
    trainable: every,
    targets: { eager: 1.5, compiled: 1.2, version1: 3 },
  },
  {
    name: "shard",
    what: "what a miner does: hub frozen, 2 of 8 experts held and trained; batch 8 × 128",
    config,
    held: ofTheShard,
    batchSize: 8,
    sequenceLength: 128,
    trainable: expertsOfTheShard,
    targets: { eager: 1.5, compiled: 1.2, version1: 3.5 },
  },
  {
    name: "forward",
    what: "what a validator does: the loss alone; batch 8 × 128",
    config,
    held: all,
    batchSize: 8,
    sequenceLength: 128,
    trainable: [],
    targets: { version1: 2.5 },
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
];
