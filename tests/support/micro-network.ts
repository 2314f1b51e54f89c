import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Network } from "#shared/protocol/network.js";
import { MICRO, microParameters } from "../shared/model/micro.js";

export const NETUID = 1;

/** Blocks of a cycle, 21 in all; the epoch that pays falls in the middle of the merge. */
export const PHASES = {
  distribute: 2,
  train: 3,
  commit: 2,
  reveal: 2,
  evaluate: 4,
  exchange: 2,
  choose: 2,
  merge: 5,
} as const;

/** One layer over bytes; each group owns two of the four experts. */
const model: ModelConfig = { ...MICRO, vocab_size: 264, num_hidden_layers: 1 };

/** Few steps; the first is DiLoCo's own. */
export const OUTER: Network["training"]["outer"] = {
  confidence: 0.95,
  steps: [
    { along: "merged", lr: 0.7, momentum: 0.9 },
    { along: "merged", lr: 1, momentum: 0 },
    { along: "merged", lr: 0.25, momentum: 0 },
    { along: "best", lr: 1, momentum: 0 },
  ],
};

export const template: Omit<Network, "genesis"> = {
  version: 1,
  name: "micro",
  netuid: NETUID,
  first_cycle: 1,
  phases: PHASES,
  model,
  groups: {
    math: { experts: { 0: [0, 1] }, data: [{ kind: "arithmetic", weight: 1 }] },
    prose: { experts: { 0: [2, 3] }, data: [{ kind: "sotu", weight: 1 }] },
  },
  data: { tokenizer: "byte", split: "sha256", sequence_length: 16, held_out: 0.2 },
  training: { outer: OUTER, merge: { rule: "weighted-mean", clip: "median-norm" } },
  scoring: {
    eval_batches: 12,
    eval_batch_size: 8,
    confidence: 0.95,
    exponent: 1,
    racing: { rounds: 4, tolerance: 0.1 },
    top_n: 2,
    rewards: { curve: "top-n", n: 2, decay: { ratio: 1.5 }, floor: 0 },
    burn: 0,
    window: 4,
    max_update_norm: 0.5,
  },
  voting: { silent_after: 8, quorum: 0.25 },
  artifact: { codec: "float32" },
  limits: { artifact_bytes: 1 << 20 },
};

export const parameters = microParameters(model);
